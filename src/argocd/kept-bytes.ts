/** Bytes that are kept until what they belong to is whole, in one buffer: what comes byte by byte must not cost one each. */
export class KeptBytes {
  private bytes = Buffer.allocUnsafeSlow(0);
  /** How many there are. */
  length = 0;

  add(chunk: Buffer, from: number, end: number): void {
    const length = this.length + end - from;
    if (length > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * length);
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    chunk.copy(this.bytes, this.length, from, end);
    this.length = length;
  }

  /** Gives them away as text. */
  take(): string {
    const text = this.bytes.toString('utf8', 0, this.length);
    this.length = 0;
    return text;
  }
}
