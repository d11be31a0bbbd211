/**
 * Arrays that queries work in, kept from one to the next: a query over many rows needs a megabyte for a millisecond, and
 * the garbage collector would pay for it. Queries do not wait, so that only one runs at a time.
 */
export class Scratch {
  private readonly slots = [new Uint32Array(0), new Uint32Array(0)];
  private keys = new Float64Array(0);
  private readonly bytes: Uint8Array[] = [];
  private bytesTaken = 0;

  /** What was taken before is free again. */
  begin(): void {
    this.bytesTaken = 0;
  }

  /** Room for so many slots, in one of two arrays; what it held is undefined. */
  takeSlots(length: number, which: 0 | 1 = 0): Uint32Array {
    const slots = this.slots[which] as Uint32Array;
    if (slots.length >= length) return slots;
    return (this.slots[which] = new Uint32Array(withRoom(length)));
  }

  takeKeys(length: number): Float64Array {
    if (this.keys.length < length) this.keys = new Float64Array(withRoom(length));
    return this.keys;
  }

  /** Zeros. Each call gives another array until `begin`. */
  takeBytes(length: number): Uint8Array {
    const at = this.bytesTaken++;
    const bytes = this.bytes[at];
    if (bytes && bytes.length >= length) return bytes.fill(0, 0, length);
    return (this.bytes[at] = new Uint8Array(withRoom(length)));
  }
}

const withRoom = (length: number): number => Math.ceil(length * 1.25) + 64;
