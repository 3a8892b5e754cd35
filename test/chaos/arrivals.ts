import { createReadStream } from 'node:fs';
import { isFaithful, numberOf, type Offer, offers } from './lines.ts';

/** What the server has written of one stream, in its order. */
export interface Arrivals {
  readonly numbers: readonly number[];
  /** Lines that bear a number of ours and are not what was handed over. */
  readonly spoilt: readonly string[];
  /** Lines of the extension itself. */
  readonly others: readonly string[];
}

/** Reads the files of the server, by its own parser: one line each, bytes as characters. */
export async function readArrivals(
  path: string,
  stream: 'result' | 'status',
  plan: { readonly seed: number; readonly lines: number },
): Promise<Arrivals> {
  const texts = await textsByNumber(path, plan.seed);
  const numbers = texts.found.map(({ number }) => number);
  const spoilt: string[] = [];
  const unseen = new Map<number, string[]>();
  for (const { number, text } of texts.found) unseen.set(number, [...(unseen.get(number) ?? []), text]);
  for (const offer of offers(plan)) {
    const isHere = (offer.call === 'status') === (stream === 'status');
    for (const { number, text } of offer.lines) {
      for (const received of unseen.get(number) ?? []) {
        if (!isHere || !isFaithful(text, offer.call, received))
          spoilt.push(describe(offer.call, text, received));
      }
      unseen.delete(number);
    }
  }
  for (const [number] of unseen) spoilt.push(`line ${number} was never handed over`);
  return { numbers, spoilt, others: texts.others };
}

async function textsByNumber(path: string, seed: number) {
  const found: { readonly number: number; readonly text: string }[] = [];
  const others: string[] = [];
  let held = '';
  for await (const piece of createReadStream(path, { encoding: 'latin1' })) {
    const lines = (held + piece).split('\n');
    held = lines.pop() ?? '';
    for (const text of lines) {
      const number = numberOf(seed, text);
      if (number === undefined) others.push(text);
      else found.push({ number, text });
    }
  }
  return { found, others };
}

function describe(call: Offer['call'], offered: string, received: string): string {
  return `${call}: handed over ${offered.slice(0, 300)}\n  arrived as ${received.slice(0, 300)}`;
}
