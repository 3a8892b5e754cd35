/** A set of whole numbers, kept as ranges that neither touch nor overlap. Cheap where numbers mostly rise. */
export class NumberSet {
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];

  /** The ranges in rising order, both ends included. */
  *ranges(): Generator<readonly [first: number, last: number]> {
    for (const [i, first] of this.#firsts.entries()) yield [first, this.#lasts[i] ?? first];
  }

  /** @returns whether the number is new. */
  add(number: number): boolean {
    return this.addRange(number, number);
  }

  /**
   * Adds a range of which the set holds nothing, or does nothing.
   * @returns false when the set holds a part of it.
   */
  addRange(first: number, last: number): boolean {
    const at = this.#after(first);
    const previousLast = this.#lasts[at - 1];
    const nextFirst = this.#firsts[at];
    if (previousLast !== undefined && previousLast >= first) return false;
    if (nextFirst !== undefined && nextFirst <= last) return false;
    const joinsPrevious = previousLast === first - 1;
    const joinsNext = nextFirst === last + 1;
    if (joinsPrevious && joinsNext) {
      this.#lasts.splice(at - 1, 1);
      this.#firsts.splice(at, 1);
    } else if (joinsPrevious) this.#lasts[at - 1] = last;
    else if (joinsNext) this.#firsts[at] = first;
    else {
      this.#firsts.splice(at, 0, first);
      this.#lasts.splice(at, 0, last);
    }
    return true;
  }

  /** The index of the first range that starts behind `number`. */
  #after(number: number): number {
    let low = 0;
    let high = this.#firsts.length;
    // The usual case: behind the last range.
    if (high === 0 || number >= (this.#firsts[high - 1] ?? 0)) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#firsts[middle] ?? 0) > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
