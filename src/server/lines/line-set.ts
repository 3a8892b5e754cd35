import { parseLineNumbers } from './line-numbers.ts';
import { NumberSet } from './number-set.ts';

/**
 * A set of lines, each (record, row). That a record is complete is never known, since a suspected line may be sent
 * behind its neighbours, so that nothing but exact numbers is kept. Its text is that of the header.
 */
export class LineSet {
  /** Records of which row 0 is there: by far the most, as most records are one line. */
  readonly #records = new NumberSet();
  readonly #rows = new Map<number, NumberSet>();

  static parse(text: string): LineSet {
    const set = new LineSet();
    for (const part of text.split(';')) {
      for (const { over, record, row, count } of parseLineNumbers(part)) {
        if (over === 'records') set.#records.addRange(record, record + count - 1);
        else set.#rowsOf(record).addRange(row, row + count - 1);
      }
    }
    return set;
  }

  /** @returns whether the line is new. */
  add(record: number, row: number): boolean {
    return row === 0 ? this.#records.add(record) : this.#rowsOf(record).add(row);
  }

  /** Records as in the header, then a semicolon, then rows above 0 by record. */
  toString(): string {
    const records = [...this.#records.ranges()].map(([first, last]) =>
      first === last ? `${first}` : `${first}-${last}`,
    );
    const rows = [...this.#rows]
      .sort(([a], [b]) => a - b)
      .flatMap(([record, set]) =>
        [...set.ranges()].map(([first, last]) => `${record}.${first}-${record}.${last}`),
      );
    return `${records.join(',')};${rows.join(',')}`;
  }

  #rowsOf(record: number): NumberSet {
    let rows = this.#rows.get(record);
    if (rows === undefined) {
      rows = new NumberSet();
      this.#rows.set(record, rows);
    }
    return rows;
  }
}
