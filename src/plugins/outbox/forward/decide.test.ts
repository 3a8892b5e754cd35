import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeliveryAnswer } from '../batch.ts';
import { type ForwardState, learn, learnHeld, pause, plan, resume, startState, type View } from './decide.ts';
import { defaultForwardSettings, type ForwardSettings } from './settings.ts';

const second = 1000;
const minute = 60 * second;

interface Line {
  readonly name: string;
  readonly bytes: number;
}

type Server = (lines: readonly Line[], now: number) => DeliveryAnswer & { readonly tookMs?: number };

/** A stream whose lines are an array, drained by the machine alone: no file, no promise, and time that is a number. */
class Model {
  now = 0;
  state: ForwardState;
  readonly settings: ForwardSettings;
  readonly server: Server;
  waiting: Line[] = [];
  readonly held = new Map<number, Line>();
  readonly quarantined: Line[] = [];
  readonly delivered: Line[] = [];
  readonly requests: { at: number; lines: readonly Line[]; bytes: number; taken: boolean }[] = [];
  random = 0;
  #nextId = 1;

  constructor(server: Server, settings: Partial<ForwardSettings> = {}) {
    this.server = server;
    this.settings = { ...defaultForwardSettings, ...settings };
    this.state = startState(this.settings, 0);
  }

  append(...names: string[]): void {
    for (const name of names) this.waiting.push({ name, bytes: 100 });
  }

  /** Runs until `end`, or until nothing is left to do before it. */
  runUntil(end: number, stop: () => boolean = () => false): void {
    for (let steps = 0; this.now <= end && !stop(); steps++) {
      if (steps > 100_000) throw new Error('the machine does not come to rest');
      const next = plan(this.state, this.#view(), this.settings);
      if (next.kind === 'wait') {
        if (next.ms === undefined || this.now + next.ms > end) {
          this.now = end;
          return;
        }
        expect(next.ms).toBeGreaterThan(0);
        this.now += next.ms;
      } else if (next.kind === 'send') this.#send(next.maxLines, next.maxBytes, next.alone);
      else this.#sendHeld(next.id);
    }
  }

  #view(): View {
    const bytes = this.waiting.reduce((sum, line) => sum + line.bytes, 0);
    return { now: this.now, lines: this.waiting.length, bytes, flushing: false };
  }

  #send(maxLines: number, maxBytes: number, alone: boolean): void {
    const before = this.waiting.length;
    const batch: Line[] = [];
    let bytes = 0;
    for (const line of this.waiting) {
      if (batch.length > 0 && (batch.length >= maxLines || bytes + line.bytes > maxBytes)) break;
      batch.push(line);
      bytes += line.bytes;
      if (alone) break;
    }
    const answered = this.#ask(batch, batch.length < before, alone || batch.length === 1);
    const { state, verdict } = learn(this.state, answered, this.#nextId, this.settings);
    this.state = state;
    if (verdict === 'keep') return;
    this.waiting = this.waiting.slice(batch.length);
    if (verdict === 'acknowledge') this.delivered.push(...batch);
    const [line] = batch;
    if (verdict === 'hold' && line !== undefined) this.held.set(this.#nextId++, line);
  }

  #sendHeld(id: number): void {
    const line = this.held.get(id);
    if (line === undefined) throw new Error(`nothing is held as ${id}`);
    const answered = this.#ask([line], this.waiting.length > 0, true);
    const { state, verdict } = learnHeld(this.state, answered, id, this.settings);
    this.state = state;
    if (verdict === 'keep') return;
    this.held.delete(id);
    if (verdict === 'release') this.delivered.push(line);
    else this.quarantined.push(line);
  }

  #ask(lines: readonly Line[], full: boolean, alone: boolean) {
    const { tookMs = 0, ...answer } = this.server(lines, this.now);
    const at = this.now;
    this.now += tookMs;
    const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
    this.requests.push({ at, lines, bytes, taken: answer.kind === 'delivered' });
    const { random } = this;
    return {
      answer,
      lines: lines.length,
      bytes,
      tookMs,
      now: this.now,
      random,
      full,
      alone,
      partial: false,
      mayHold: this.held.size < 1000,
    };
  }
}

const ok: Server = () => ({ kind: 'delivered' });
const away: Server = () => ({ kind: 'retry', reason: 'connection refused' });
const refuse: DeliveryAnswer = { kind: 'rejected', reason: 'HTTP 400' };
const tooLarge: DeliveryAnswer = { kind: 'too_large', reason: 'HTTP 413' };

function names(count: number, prefix = 'l'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

describe('when the next batch goes', () => {
  test('the first lines go at once, later ones with the period', () => {
    const model = new Model(ok);
    model.append('a');
    model.runUntil(0);
    model.append('b');
    model.runUntil(1 * second);
    model.append('c');
    model.runUntil(minute);
    expect(model.requests.map(({ at, lines }) => [at, lines.length])).toEqual([
      [0, 1],
      [4000, 2],
    ]);
  });

  test('a backlog does not wait for the period, and its batches grow while answers are quick', () => {
    const model = new Model(() => ({ kind: 'delivered', tookMs: 100 }));
    model.append(...names(50_000));
    model.runUntil(3 * second);
    expect(model.requests[0]?.lines).toHaveLength(1024);
    expect(model.requests[1]?.lines).toHaveLength(2048);
    expect(Math.max(...model.requests.map(({ lines }) => lines.length))).toBe(4096);
    expect(model.delivered.length).toBeGreaterThan(45_000);
  });

  test('batches shrink when answers are slow', () => {
    const model = new Model(() => ({ kind: 'delivered', tookMs: 8 * second }));
    model.append(...names(3000));
    model.runUntil(minute);
    expect(model.requests.slice(0, 4).map(({ lines }) => lines.length)).toEqual([1024, 512, 256, 128]);
  });

  test('back-off is the period times n squared up to its limit, as in osquery', () => {
    const model = new Model(away);
    model.append('a');
    model.runUntil(24 * 60 * minute);
    const gaps = model.requests.slice(1).map(({ at }, i) => (at - (model.requests[i]?.at ?? 0)) / second);
    expect(gaps.slice(0, 5)).toEqual([4, 16, 36, 64, 100]);
    expect(gaps.slice(29, 33)).toEqual([3600, 3600, 3600, 3600]);
  });

  test('with a limit not above the period there is no back-off', () => {
    const model = new Model(away, { backoffMaxMs: 0 });
    model.append('a');
    model.runUntil(20 * second);
    expect(model.requests.map(({ at }) => at / second)).toEqual([0, 4, 8, 12, 16, 20]);
  });

  test('jitter makes a wait up to a quarter shorter; Retry-After is never undercut', () => {
    const model = new Model(away);
    model.random = 0.8;
    model.append('a');
    model.runUntil(4 * second);
    expect(model.requests[1]?.at).toBeCloseTo(3200);
    const asked = new Model((_, now) =>
      now === 0 ? { kind: 'retry', reason: '503', afterMs: 30_000 } : ok([], 0),
    );
    asked.random = 0.8;
    asked.append('a');
    asked.runUntil(minute);
    expect(asked.requests[1]?.at).toBeCloseTo(36_000);
  });

  test('nothing is sent without a node key, and at once when there is one', () => {
    const model = new Model(ok);
    model.state = pause(model.state);
    model.append('a');
    model.runUntil(10 * minute);
    expect(model.requests).toEqual([]);
    model.state = resume(model.state, model.now);
    model.runUntil(10 * minute);
    expect(model.delivered).toHaveLength(1);
  });
});

describe('413', () => {
  test('halves the batch, remembers the size, and loses nothing', () => {
    const limit = 30_000;
    const model = new Model((lines) => {
      const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
      return bytes > limit ? tooLarge : { kind: 'delivered' };
    });
    model.append(...names(5000));
    model.runUntil(minute);
    expect(model.delivered.map((line) => line.name)).toEqual(names(5000));
    expect(model.requests.filter(({ taken }) => !taken)).toHaveLength(2);
    expect(model.state.size.limitBytes).toBe(25_600);
  });

  test('of one line that is larger than the server takes ends with that line in quarantine', () => {
    const model = new Model((lines) =>
      lines.some(({ bytes }) => bytes > 1000) ? tooLarge : { kind: 'delivered' },
    );
    model.append(...names(7));
    model.waiting.push({ name: 'giant', bytes: 5000 });
    model.append('last');
    model.runUntil(minute);
    expect(model.quarantined.map((line) => line.name)).toEqual(['giant']);
    expect(model.delivered).toHaveLength(8);
  });

  test('on everything says nothing about size', () => {
    const model = new Model((_, now) => (now < 5 * minute ? tooLarge : { kind: 'delivered' }));
    model.append(...names(2000));
    model.runUntil(60 * minute);
    expect(model.state.size.limitBytes).toBeUndefined();
    expect(model.delivered).toHaveLength(2000);
  });
});

describe('quarantine', () => {
  test.each(['rejected', 'too_large'] as const)(
    '%s on everything for ten minutes: nothing is quarantined, and the order is kept',
    (kind) => {
      const model = new Model((_, now) =>
        now < 10 * minute ? { kind, reason: 'no' } : { kind: 'delivered' },
      );
      model.append(...names(1500));
      for (let i = 0; i < 60; i++) {
        model.runUntil(i * 10 * second);
        model.append(...names(10, `more${i}-`));
      }
      expect(model.quarantined).toEqual([]);
      // About one request for each few seconds, not a storm.
      expect(model.requests.length).toBeLessThan(150);
      model.runUntil(60 * minute);
      expect(model.quarantined).toEqual([]);
      const later = Array.from({ length: 60 }, (_, i) => names(10, `more${i}-`));
      expect(model.delivered.map(({ name }) => name)).toEqual([...names(1500), ...later.flat()]);
    },
  );

  test('a line that was held before a restart is tried first, once, and then others get their turn', () => {
    const settings = defaultForwardSettings;
    const view: View = { now: 0, lines: 5, bytes: 500, flushing: false };
    const state = startState(settings, 0, undefined, [7, 8]);
    expect(plan(state, view, settings)).toEqual({ kind: 'send_held', id: 7 });
    const answered = { lines: 1, bytes: 100, tookMs: 0, now: 0, random: 0 };
    const rest = { full: true, partial: false, alone: true, mayHold: true };
    const refused = learnHeld(state, { ...answered, ...rest, answer: refuse }, 7, settings);
    expect(refused.verdict).toBe('keep');
    expect(plan(refused.state, view, settings)).toMatchObject({ kind: 'send', alone: false });
    const taken = learnHeld(state, { ...answered, ...rest, answer: { kind: 'delivered' } }, 7, settings);
    expect(taken.verdict).toBe('release');
    expect(plan(taken.state, view, settings)).toEqual({ kind: 'send_held', id: 8 });
  });

  test('a server that begins to refuse everything in the middle of a search condemns no line', () => {
    const model = new Model((lines, now) => {
      if (now >= second && now < 10 * minute) return refuse;
      return lines.some(({ name }) => name === 'l5')
        ? { ...refuse, tookMs: 400 }
        : { kind: 'delivered', tookMs: 200 };
    });
    model.append(...names(16));
    for (let i = 1; i < 60; i++) {
      model.runUntil(i * 10 * second);
      model.append(`more${i}`);
    }
    expect(model.quarantined).toEqual([]);
    model.runUntil(60 * minute);
    expect(model.quarantined.map((line) => line.name)).toEqual(['l5']);
  });

  test('a line that is refused and the only one waits for others before it is judged', () => {
    const model = new Model((lines) =>
      lines.some(({ name }) => name === 'bad') ? refuse : { kind: 'delivered' },
    );
    model.append('bad');
    model.runUntil(10 * minute);
    expect(model.quarantined).toEqual([]);
    expect(model.held.size).toBe(1);
    model.append('good');
    model.runUntil(20 * minute);
    expect(model.quarantined.map((line) => line.name)).toEqual(['bad']);
  });

  test('a run of bad lines is passed, and the good ones behind it are delivered', () => {
    const model = new Model((lines) =>
      lines.some(({ name }) => name.startsWith('bad')) ? refuse : { kind: 'delivered' },
    );
    model.append(...names(40, 'bad'), ...names(100));
    model.runUntil(2 * 60 * minute);
    expect(model.delivered).toHaveLength(100);
    expect(model.quarantined).toHaveLength(40);
  });

  test('one culprit among n lines is found in at most 2 log2(n) + 2 requests', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1024 }), fc.nat(), fc.boolean(), (count, place, large) => {
        const culprit = `l${place % count}`;
        const answer = large ? tooLarge : refuse;
        const model = new Model((lines) =>
          lines.some(({ name }) => name === culprit) ? answer : { kind: 'delivered' },
        );
        model.append(...names(count));
        // Found: it stands apart, and every other line is through.
        model.runUntil(minute, () => model.held.size === 1 && model.delivered.length > 0);
        expect([...model.held.values()].map((line) => line.name)).toEqual([culprit]);
        expect(model.requests.length).toBeLessThanOrEqual(2 * Math.log2(count) + 2);
        model.append('later');
        model.runUntil(10 * minute);
        expect(model.quarantined.map((line) => line.name)).toEqual([culprit]);
        expect(model.delivered).toHaveLength(count);
      }),
    );
  });

  test('whatever the server refuses and when: only lines that it always refuses are quarantined, and none is lost', () => {
    const outage = fc.record({
      from: fc.nat(600),
      length: fc.nat(900),
      kind: fc.constantFrom('rejected', 'too_large', 'retry'),
    });
    const culprits = fc.uniqueArray(fc.nat(199), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(outage, { maxLength: 4 }),
        culprits,
        fc.integer({ min: 1, max: 64 }),
        (outages, bad, startLines) => {
          const names = new Set(bad.map((i) => `l${i}`));
          const model = new Model(
            (lines, now) => {
              const out = outages.find(
                ({ from, length }) => now >= from * second && now < (from + length) * second,
              );
              if (out !== undefined) return { kind: out.kind, reason: 'outage' } as DeliveryAnswer;
              return lines.some(({ name }) => names.has(name)) ? refuse : { kind: 'delivered', tookMs: 50 };
            },
            { startLines, maxLines: 256 },
          );
          for (let i = 0; i < 200; i++) {
            model.append(`l${i}`);
            model.runUntil(i * 7 * second);
          }
          for (let i = 0; i < 200; i++) {
            model.runUntil((1400 + i * 60) * second);
            model.append(`end${i}`);
          }
          model.runUntil(40 * 60 * minute);
          expect(model.waiting).toEqual([]);
          expect(model.quarantined.every(({ name }) => names.has(name))).toBe(true);
          const through = [...model.delivered, ...model.quarantined, ...model.held.values()].map(
            ({ name }) => name,
          );
          expect(new Set(through).size).toBe(400);
          expect(through).toHaveLength(400);
          for (const line of model.quarantined) {
            const mine = model.requests.filter(({ lines }) => lines.includes(line));
            const alone = mine.filter(({ lines }) => lines.length === 1).slice(-2);
            const [one, two] = alone;
            expect(one).toBeDefined();
            expect((two?.at ?? 0) - (one?.at ?? 0)).toBeGreaterThanOrEqual(4000);
            const first = mine[0]?.at ?? 0;
            const passed = model.requests.some(
              ({ at, taken }) => taken && at >= first && at <= (one?.at ?? 0),
            );
            expect(passed).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
