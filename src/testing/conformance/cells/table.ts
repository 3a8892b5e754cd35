import type { Cell, Endpoint, Expected, Given } from '../cell.ts';
import type { Script } from '../server/index.ts';
import type { Answer } from './answers.ts';

interface More {
  readonly given?: Given;
  readonly hits?: Script['hits'];
  readonly forgetsKey?: boolean;
  readonly issuesKey?: string;
  /** More rows that the cell is about. */
  readonly rows?: readonly number[];
  /** Behind the name of the answer, where one answer has several cells. */
  readonly when?: string;
}

/** How the cells of one endpoint are written: an answer, and what is expected. */
export class Table {
  readonly cells: Cell[] = [];
  readonly #endpoint: Endpoint;
  readonly #hits: Script['hits'];

  /** @param hits what the script is played to where a cell says nothing else */
  constructor(endpoint: Endpoint, hits: Script['hits']) {
    this.#endpoint = endpoint;
    this.#hits = hits;
  }

  add({ name, rows, act }: Answer, expected: Expected, more: More = {}): void {
    const { given = {}, hits = this.#hits, forgetsKey, issuesKey, when } = more;
    this.cells.push({
      name: `${this.#endpoint}: ${name}${when === undefined ? '' : `, ${when}`}`,
      endpoint: this.#endpoint,
      rows: [...rows, ...(more.rows ?? [])],
      script: {
        act,
        hits,
        ...(forgetsKey !== undefined && { forgetsKey }),
        ...(issuesKey !== undefined && { issuesKey }),
      },
      given,
      expected,
    });
  }

  /** The same is expected of several answers. */
  each(answers: Readonly<Record<string, Answer>>, expected: Expected, more: More = {}): void {
    for (const answer of Object.values(answers)) this.add(answer, expected, more);
  }
}
