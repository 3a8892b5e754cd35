import type { Core } from './core.ts';
import type { PluginOutcome } from './core-replies.ts';
import type { Ledger } from './ledger.ts';
import { type Offer, offers } from './lines.ts';

/** A call that would have ended osqueryd with 78. */
export interface Fatal {
  readonly what: string;
}

/**
 * The part of osqueryd that hands lines over: one call after the other, as its scheduler does, with a second logger
 * behind that masks what fails while no extension lives.
 */
export class Logging {
  readonly fatal: Fatal[] = [];
  /** Lines that were handed over so far. */
  offered = 0;
  /** Calls that no extension was there for; the same lines are handed over later. */
  masked = 0;
  readonly #core: Core;
  readonly #ledger: Ledger;
  readonly #mask: boolean;
  #paused = false;
  #allowed = 0;
  #resume: () => void = () => {};
  readonly #waiting: { readonly lines: number; readonly wake: () => void }[] = [];

  /** @param masked whether a second logger hides calls that fail while no extension lives. */
  constructor(core: Core, ledger: Ledger, masked: boolean) {
    this.#mask = masked;
    this.#core = core;
    this.#ledger = ledger;
  }

  /** Lets lines be handed over up to this number of them. */
  allow(lines: number): void {
    this.#allowed = lines;
    this.#resume();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#resume();
  }

  /** Resolves when so many lines have been handed over. */
  async reached(lines: number): Promise<void> {
    if (this.offered >= lines) return;
    await new Promise<void>((wake) => this.#waiting.push({ lines, wake }));
  }

  /** Hands over all lines of a run. */
  async run(plan: { readonly seed: number; readonly lines: number }): Promise<void> {
    for (const offer of offers(plan)) {
      await this.#handOver(offer);
      this.offered += offer.lines.length;
      const due = this.#waiting.filter(({ lines }) => lines <= this.offered);
      for (const one of due) {
        this.#waiting.splice(this.#waiting.indexOf(one), 1);
        one.wake();
      }
    }
  }

  async #handOver(offer: Offer): Promise<void> {
    for (;;) {
      while (this.#paused || this.offered >= this.#allowed) {
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
      }
      if (!this.#core.has('logger/remote')) {
        if (!this.#mask) this.fatal.push({ what: 'no extension has registered' });
        await this.#core.changed();
        continue;
      }
      const outcome = await this.#core.call('logger', 'remote', requestFor(offer));
      if (this.#settle(offer, outcome)) return;
      // An extension that has just registered listens a moment later.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** @returns false when the call was not made, so that the lines are still to be handed over. */
  #settle({ call, lines }: Offer, outcome: PluginOutcome): boolean {
    const first = lines[0]?.number ?? 0;
    switch (outcome.kind) {
      case 'no route':
        this.masked++;
        return false;
      case 'not available':
        if (this.#mask && outcome.masked) this.masked++;
        else this.fatal.push({ what: `${call} for line ${first}: ${outcome.reason}` });
        return false;
      case 'unanswered':
        if (!this.#mask || !outcome.masked)
          this.fatal.push({ what: `${call} for line ${first}: ${outcome.reason}` });
        this.#ledger.note(lines, 'unanswered');
        return true;
      case 'answered':
        this.#ledger.note(lines, outcome.code === 0 ? 'accepted' : 'refused');
        if (outcome.code !== 0) {
          this.fatal.push({
            what: `${call} for line ${first}: answered with ${outcome.code} ${outcome.message}`,
          });
        }
        return true;
    }
  }
}

function requestFor({ call, lines }: Offer): Map<string, string> {
  const texts = lines.map(({ text }) => text);
  if (call === 'string') {
    return new Map([
      ['category', 'event'],
      ['string', texts.join('')],
    ]);
  }
  if (call === 'snapshot') return new Map([['snapshot', texts.join('')]]);
  return new Map([
    ['log', `[${texts.join(',')}]`],
    ['status', 'true'],
  ]);
}
