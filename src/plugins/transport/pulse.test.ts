import { expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import { type MemorySample, maxThreadBytes, Pulse } from './pulse.ts';

const mb = 1024 * 1024;

class Patient {
  readonly clock = new VirtualClock();
  readonly sick: string[] = [];
  pings = 0;
  memory: MemorySample = { rss: 100 * mb, own: 20 * mb };
  readonly pulse = new Pulse(
    {
      postMessage: () => {
        this.pings++;
      },
    },
    { clock: this.clock, memory: () => this.memory, onSick: (reason) => this.sick.push(reason) },
  );
}

test('a thread that answers every ping is left alone', async () => {
  const it = new Patient();
  for (let i = 0; i < 100; i++) {
    await it.clock.advance(2_000);
    it.pulse.heard({ bytes: 50 * mb });
  }
  expect(it.pings).toBe(100);
  expect(it.sick).toEqual([]);
});

test('a thread that answers late, but answers, is left alone', async () => {
  const it = new Patient();
  for (let i = 0; i < 10; i++) {
    await it.clock.advance(10_000);
    it.pulse.heard({ bytes: 50 * mb });
  }
  expect(it.sick).toEqual([]);
});

test('after five pings without an answer it is sick, and no more are sent', async () => {
  const it = new Patient();
  await it.clock.advance(10_000);
  expect(it.sick).toEqual([]);
  await it.clock.advance(2_000);
  expect(it.sick).toEqual(['it has not answered for 10 s']);
  await it.clock.advance(60_000);
  expect(it.pings).toBe(5);
  expect(it.sick.length).toBe(1);
  expect(it.clock.pending()).toEqual([]);
});

test('its own figure counts, whatever the process says', async () => {
  const it = new Patient();
  it.pulse.heard({ bytes: maxThreadBytes });
  expect(it.sick).toEqual([]);
  it.pulse.heard({ bytes: maxThreadBytes + mb });
  expect(it.sick).toEqual(['it takes 121 MB']);
});

test('growth of the process is the thread’s, when it is silent, except for what the asking thread has grown itself', async () => {
  const it = new Patient();
  it.memory = { rss: 400 * mb, own: 210 * mb };
  for (let i = 0; i < 4; i++) await it.clock.advance(2_000);
  expect(it.sick).toEqual([]);
  it.pulse.heard({ bytes: 50 * mb });
  it.memory = { rss: 500 * mb, own: 210 * mb };
  await it.clock.advance(4_000);
  expect(it.sick).toEqual([]);
  await it.clock.advance(2_000);
  expect(it.sick).toEqual(['it does not answer, and the process has grown by 210 MB']);
});

test('a process that has grown is no matter while the thread answers that it is small', async () => {
  const it = new Patient();
  it.pulse.working(true);
  it.memory = { rss: 900 * mb, own: 20 * mb };
  for (let i = 0; i < 20; i++) {
    await it.clock.advance(400);
    it.pulse.heard({ bytes: 50 * mb });
  }
  expect(it.sick).toEqual([]);
});

test('while calls are under way the memory is looked at five times a second, and not after', async () => {
  const it = new Patient();
  it.pulse.working(true);
  it.memory = { rss: 300 * mb, own: 20 * mb };
  await it.clock.advance(600);
  expect(it.sick).toEqual(['it does not answer, and the process has grown by 200 MB']);
  const other = new Patient();
  other.pulse.working(true);
  other.pulse.working(false);
  other.memory = it.memory;
  await other.clock.advance(1_999);
  expect(other.sick).toEqual([]);
  other.pulse.stop();
  expect(other.clock.pending()).toEqual([]);
});
