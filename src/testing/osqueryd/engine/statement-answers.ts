import type { ByteString } from './bytes.ts';
import type { Known, ScanAnswer } from './virtual-tables.ts';

interface Asked {
  readonly question: ByteString;
  readonly answer: Known;
}

/**
 * What one statement asks of tables (scans and writes), in order. A statement that is run again asks the same again
 * and gets the same answers; the first question that is new is asked. So each scan and each write happens once.
 */
export class StatementAnswers {
  #asked: Asked[] = [];
  #next = 0;
  #pending: { readonly question: ByteString; readonly answer: Promise<Known> } | undefined;

  /** Whether the statement was given up for an answer that `fetch` waits for. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  /** To be called before each run of the statement. */
  restart(): void {
    this.#next = 0;
  }

  /**
   * The answer to a question.
   * @param question tells it from other questions.
   * @param ask gets the answer, now or later.
   */
  answer(question: ByteString, ask: () => Known | Promise<Known>): ScanAnswer {
    const known = this.#asked[this.#next];
    if (known !== undefined && known.question === question) {
      this.#next++;
      return known.answer;
    }
    // A statement that takes another way the second time (random(), the time) gets what it asks for now.
    this.#asked = this.#asked.slice(0, this.#next);
    const answer = ask();
    if (answer instanceof Promise) {
      this.#pending = { question, answer };
      return 'pending';
    }
    this.#asked.push({ question, answer });
    this.#next++;
    return answer;
  }

  /** Waits for the pending answer. */
  async fetch(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#asked.push({ question: pending.question, answer: await pending.answer });
    this.#pending = undefined;
  }
}
