/** Keeps the first few of many items in an order; of equal ones those that came first. Most cost one comparison. */
export class FirstFew<T> {
  private readonly kept: T[] = [];

  constructor(
    private readonly max: number,
    private readonly isBefore: (a: T, b: T) => boolean,
  ) {}

  /** In order. */
  get items(): readonly T[] {
    return this.kept;
  }

  add(item: T): void {
    const { kept } = this;
    let at = kept.length;
    while (at > 0 && this.isBefore(item, kept[at - 1] as T)) at--;
    if (at >= this.max) return;
    kept.splice(at, 0, item);
    if (kept.length > this.max) kept.pop();
  }
}
