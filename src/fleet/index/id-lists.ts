/** Lengths are rounded up to a multiple of this, so that what one row leaves fits another. */
const step = 8;

/**
 * Lists of numbers in one array: an index of many applications holds one list for each, and an array object for each
 * would weigh more than what it holds.
 */
export class IdLists {
  /** A list begins at its offset; its owner knows how long it is. */
  ids = new Uint32Array(4096);
  private end = 0;
  private readonly free: number[][] = [];

  /** Room that was ever taken. */
  get size(): number {
    return this.end;
  }

  /** Room for `length` numbers. The array may be another one afterwards. */
  allocate(length: number): number {
    const size = Math.ceil(length / step);
    if (size === 0) return 0;
    const left = this.free[size]?.pop();
    if (left !== undefined) return left;
    const offset = this.end;
    this.end += size * step;
    if (this.end > this.ids.length) this.grow();
    return offset;
  }

  release(offset: number, length: number): void {
    const size = Math.ceil(length / step);
    if (size > 0) (this.free[size] ??= []).push(offset);
  }

  private grow(): void {
    const ids = new Uint32Array(Math.max(this.ids.length * 2, this.end));
    ids.set(this.ids);
    this.ids = ids;
  }
}
