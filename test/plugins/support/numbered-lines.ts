import type { Running, World } from './world.ts';

/** Hands lines over as osqueryd does, numbered from 1 in each stream. */
export class NumberedLines {
  /** How many lines of each stream were taken. */
  readonly taken = { result: 0, status: 0 };
  readonly #host: Running;

  constructor(host: Running) {
    this.#host = host;
  }

  /** @param padding bytes that make each line longer */
  async results(count: number, padding = 0): Promise<void> {
    const pad = 'x'.repeat(padding);
    for (let i = 0; i < count; i++) {
      await this.#host.line(`{"n":${this.taken.result + 1},"pad":"${pad}"}`);
      this.taken.result++;
    }
  }

  /** In calls of one, two and three lines. */
  async statuses(calls: number): Promise<void> {
    for (let i = 0; i < calls; i++) {
      const texts = Array.from({ length: 1 + (i % 3) }, (_, j) => `status ${this.taken.status + 1 + j}`);
      await this.#host.statusLines(...texts);
      this.taken.status += texts.length;
    }
  }
}

/** What a server knows of numbered lines. */
export interface Known {
  /** The numbers of those that came, in the order in which they did. */
  readonly result: readonly number[];
  readonly status: readonly number[];
  /** Of how many it was told that they never will. */
  readonly lost: Readonly<Record<'result' | 'status' | 'distributed', number>>;
  /** Status lines that are neither. */
  readonly others: readonly string[];
}

export function knownBy(world: World): Known {
  const lost = { result: 0, status: 0, distributed: 0 };
  const status: number[] = [];
  const others: string[] = [];
  for (const line of world.written('status')) {
    const { message } = JSON.parse(line);
    const [, lines, stream] =
      /^osquery-remote lost (\d+) lines? of the (\w+) stream \(\w+\)$/.exec(message) ?? [];
    if (stream === 'result' || stream === 'status' || stream === 'distributed') lost[stream] += Number(lines);
    else if (/^status \d+$/.test(message)) status.push(Number(message.slice('status '.length)));
    else others.push(message);
  }
  return { result: world.written('result').map((line) => JSON.parse(line).n), status, lost, others };
}

/** The whole numbers from `first` to `last`. */
export function numbers(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}
