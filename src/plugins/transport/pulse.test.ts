import { expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import { type MemorySample, maxThreadBytes, Pulse } from './pulse.ts';

const mb = 1024 * 1024;

class Patient {
  readonly clock = new VirtualClock();
  readonly sick: string[] = [];
  pings = 0;
  looks = 0;
  memory: MemorySample = { rss: 100 * mb, own: 20 * mb };
  readonly pulse = new Pulse(
    {
      postMessage: () => {
        this.pings++;
      },
    },
    {
      clock: this.clock,
      memory: () => {
        this.looks++;
        return this.memory;
      },
      onSick: (reason) => this.sick.push(reason),
    },
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
  // One look half a second later, and three more, faster.
  await it.clock.advance(500 + 149);
  expect(it.sick).toEqual([]);
  await it.clock.advance(1);
  expect(it.sick).toEqual(['it does not answer, and the process has grown by 210 MB']);
  expect(it.clock.pending()).toEqual([]);
});

test('a process that has grown is no matter while the thread answers that it is small', async () => {
  const it = new Patient();
  it.pulse.working(true);
  it.memory = { rss: 900 * mb, own: 20 * mb };
  for (let i = 0; i < 40; i++) {
    await it.clock.advance(100);
    it.pulse.heard({ bytes: 50 * mb });
  }
  expect(it.sick).toEqual([]);
  it.memory = { rss: 100 * mb, own: 20 * mb };
  await it.clock.advance(100);
  const { looks } = it;
  await it.clock.advance(1_000);
  expect(it.looks - looks).toBe(10);
  it.pulse.stop();
});

test('while calls are under way the memory is looked at ten times a second, and twice when there are none', async () => {
  const it = new Patient();
  it.pulse.working(true);
  const start = it.looks;
  await it.clock.advance(1_000);
  expect(it.looks - start).toBe(10);
  it.pulse.working(false);
  await it.clock.advance(1_000);
  expect(it.looks - start).toBe(12);
  it.pulse.stop();
  expect(it.clock.pending()).toEqual([]);
});
