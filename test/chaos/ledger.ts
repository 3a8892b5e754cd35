import type { LineKind, OfferedLine } from './lines.ts';

/** What the driver knows of a line that it handed over. */
export type LineState =
  /** Answered with 0. */
  | 'accepted'
  /** The call was made, and no answer came: it may arrive, once, or not. */
  | 'unanswered'
  /** Answered with something else. */
  | 'refused';

/** The truth: what was handed over and how it was answered. Nothing is read from the extension's store. */
export class Ledger {
  readonly #states = new Map<number, { readonly state: LineState; readonly kind: LineKind }>();

  note(lines: readonly OfferedLine[], state: LineState): void {
    for (const { number, kind } of lines) this.#states.set(number, { state, kind });
  }

  get(number: number): { readonly state: LineState; readonly kind: LineKind } | undefined {
    return this.#states.get(number);
  }

  get entries(): IterableIterator<[number, { readonly state: LineState; readonly kind: LineKind }]> {
    return this.#states.entries();
  }

  count(state: LineState): number {
    let count = 0;
    for (const entry of this.#states.values()) if (entry.state === state) count++;
    return count;
  }
}
