import { trailingLines } from './plan.ts';
import { Random } from './random.ts';

/** `oversize` is above `logger_tls_max_linesize`; `poison` is what the server never takes. */
export type LineKind = 'plain' | 'oversize' | 'poison';

/** What is handed over in one call of core. */
export type Offer =
  | { readonly call: 'string' | 'snapshot'; readonly lines: readonly [OfferedLine] }
  | { readonly call: 'status'; readonly lines: readonly OfferedLine[] };

export interface OfferedLine {
  readonly number: number;
  readonly kind: LineKind;
  /** Bytes, one character each. */
  readonly text: string;
}

/** What the server refuses alone and in company. */
export const poisonMark = 'chaos-poison';

/** `--logger_tls_max_linesize` of the run. */
export const maxLineBytes = 32 * 1024;

/** Paddings that are easily spoilt on the way: escapes, many bytes per character, odd names and numbers. */
const paddings: readonly string[] = [
  '"pad":"plain text"',
  String.raw`"pad":"quotes \" and \\ and \u0007 and \/"`,
  `"pad":"${utf8('grün, 日本語, 🦀')}"`,
  String.raw`"pad":"\ud83e\udd80 \u2028"`,
  '"1":"b","0":"a","pad":9007199254740993,"one":1.0',
  '"pad":{"nested":["]}",{"x":"[{"}]}',
];

/** Bytes that are not UTF-8, which snapshots may carry. */
const rawPadding = '"pad":"\xff\xfe\xc3"';

/**
 * The offers of a run, each line with a text of its own: a number is offered once and never again.
 * @param plan.seed the same gives the same lines.
 * @param plan.lines read for each line: it may be set late, as long as the last ones of it are still to come.
 */
export function* offers(plan: { readonly seed: number; readonly lines: number }): Generator<Offer, void> {
  const { seed } = plan;
  const random = new Random(seed ^ 0x6c696e65);
  for (let number = 1; number <= plan.lines; ) {
    const call = random.pick<Offer['call']>([
      [85, 'string'],
      [7, 'snapshot'],
      [3, 'status'],
    ]);
    if (call === 'status') {
      const lines: OfferedLine[] = [];
      for (let left = random.between(1, 12); left > 0 && number <= plan.lines; left--, number++) {
        lines.push({ number, kind: 'plain', text: statusText(seed, number, random) });
      }
      yield { call, lines };
    } else {
      const isLate = number > plan.lines - trailingLines(plan.lines);
      yield { call, lines: [resultLine({ seed, number, call, random, isLate })] };
      number++;
    }
  }
}

function resultLine(options: {
  readonly seed: number;
  readonly number: number;
  readonly call: 'string' | 'snapshot';
  readonly random: Random;
  readonly isLate: boolean;
}): OfferedLine {
  const { seed, number, call, random, isLate } = options;
  const picked = random.pick<LineKind>([
    [998, 'plain'],
    [1, 'oversize'],
    [1, 'poison'],
  ]);
  const kind = isLate ? 'plain' : picked;
  const raw = call === 'snapshot' && random.next() < 0.3;
  const padding = raw ? rawPadding : (paddings[random.between(0, paddings.length)] ?? '');
  const length = kind === 'oversize' ? maxLineBytes : random.next() < 0.01 ? 20_000 : random.between(0, 800);
  const mark = kind === 'poison' ? `,"mark":"${poisonMark}"` : '';
  const row = `{"chaos":"${idText(seed, number)}",${padding}${mark},"fill":"${'x'.repeat(length)}"}`;
  const head = `"name":"chaos","hostIdentifier":"chaos-host","calendarTime":"Mon May  2 22:27:32 2016 UTC","unixTime":1462228052,"epoch":0,"counter":${number},"numerics":false`;
  const text =
    call === 'string'
      ? `{${head},"columns":${row},"action":"added"}`
      : `{"snapshot":[${row}],"action":"snapshot",${head}}`;
  return { number, kind, text };
}

/** One element of the array in `log`. */
function statusText(seed: number, number: number, random: Random): string {
  const message = `${idText(seed, number)} ${utf8('état')} \\"quoted\\" ${'y'.repeat(random.between(0, 100))}`;
  return `{"s":${number % 3},"f":"chaos.cpp","i":${number % 1000},"m":"${message}","h":"chaos-host","c":"Mon May  2 22:27:32 2016 UTC","u":1462228052}`;
}

/** What identifies a line wherever it is found. */
function idText(seed: number, number: number): string {
  return `chaos-${seed}-${number}.`;
}

/** The number of a received line; `undefined` for a line that is none of ours. */
export function numberOf(seed: number, text: string): number | undefined {
  const found = /chaos-(\d+)-(\d+)\./.exec(text);
  return found?.[1] === String(seed) ? Number(found[2]) : undefined;
}

/** Whether a received line is the offered one: result lines byte for byte, status lines in what they say. */
export function isFaithful(offered: string, call: Offer['call'], received: string): boolean {
  if (call !== 'status') return received === offered;
  try {
    const [from, to] = [JSON.parse(offered), JSON.parse(received)];
    return (
      from.m === to.message &&
      String(from.s) === String(to.severity) &&
      from.f === to.filename &&
      String(from.i) === String(to.line) &&
      from.h === to.hostIdentifier &&
      from.c === to.calendarTime &&
      String(from.u) === String(to.unixTime)
    );
  } catch {
    return false;
  }
}

function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
