import { describe, expect, test } from 'vitest';
import { AsideLines } from './aside.ts';
import { defaultCaps } from './caps.ts';
import { Lookups, type SetAside } from './lookups.ts';
import type { Loss } from './loss.ts';
import { memoryStore } from './memory-store.ts';

function line(state: SetAside['state'], bytes: number): Omit<SetAside, 'id'> {
  return {
    stream: 'result',
    state,
    writer: 'w',
    record: 1,
    kind: 'line',
    row: 0,
    reason: 'HTTP 400',
    acceptedAt: 1,
    setAsideAt: 2,
    key: '',
    tag: '',
    bytes: Buffer.alloc(bytes, 'x'),
  };
}

function newAside(caps = {}) {
  const losses: Loss[] = [];
  const store = memoryStore();
  const lookups = new Lookups(store, (error) => expect.unreachable(String(error)));
  const aside = new AsideLines(lookups, { ...defaultCaps, ...caps }, (loss) => losses.push(loss));
  return { losses, store, lookups, aside };
}

describe('lines set aside', () => {
  test('come back with their bytes after a restart, and new ids follow the old ones', async () => {
    const { store, lookups, aside } = newAside();
    aside.add(line('quarantined', 3));
    aside.add(line('held', 4));
    await lookups.save();
    const again = new AsideLines(new Lookups(store, () => undefined), defaultCaps, () => undefined);
    await again.load();
    expect(again.list().map(({ id, state, size }) => [id, state, size])).toEqual([
      [1, 'quarantined', 3],
      [2, 'held', 4],
    ]);
    expect(Buffer.from((await again.read(1))?.bytes ?? []).toString()).toBe('xxx');
    expect(again.nextId).toBe(3);
  });

  test('quarantine has a cap: the oldest go and are counted, the newest stays however large', () => {
    const { losses, aside } = newAside({ maxQuarantineLines: 2, maxQuarantineBytes: 100 });
    for (let i = 0; i < 3; i++) aside.add(line('quarantined', 10));
    expect(aside.list().map(({ id }) => id)).toEqual([2, 3]);
    aside.add(line('quarantined', 500));
    expect(aside.list().map(({ id }) => id)).toEqual([4]);
    expect(losses).toHaveLength(3);
  });

  test('one line may always be held, more as long as there is room', () => {
    const { aside } = newAside({ maxQuarantineBytes: 100 });
    expect(aside.mayHold(5000)).toBe(true);
    aside.add(line('held', 60));
    expect(aside.mayHold(40)).toBe(true);
    expect(aside.mayHold(41)).toBe(false);
  });

  test('entries that make no sense are left out', async () => {
    const { store, aside } = newAside();
    const put = (key: string, value: string) => ({ type: 'put' as const, key, value });
    await store.batch(
      [put('outbox!aside!000000000001', 'not JSON'), put('outbox!aside!000000000002', '{}')],
      {},
    );
    await store.batch([put('outbox!state!result', '[]')], {});
    await aside.load();
    expect(aside.list()).toEqual([]);
    expect(await new Lookups(store, () => undefined).loadStates()).toEqual({});
  });
});
