import { expect, test } from 'vitest';
import { VirtualClock } from '../testing/index.ts';
import { Intake, type LineTaker } from './intake.ts';

const startMs = Date.UTC(2026, 0, 1);

/** Takes lines and remembers them: kind, text, and when they were taken if they came late. */
class Taken implements LineTaker {
  readonly all: [string, string, number | undefined][] = [];

  takeLine(line: Buffer, acceptedAt?: number): void {
    this.all.push(['line', line.toString(), acceptedAt]);
  }

  takeStatusLines(lines: Buffer, acceptedAt?: number): void {
    this.all.push(['statuses', lines.toString(), acceptedAt]);
  }
}

test('what comes early is handed over in order, with the time at which it came, and before all that follows', async () => {
  const clock = new VirtualClock();
  const intake = new Intake(clock);
  const taken = new Taken();
  intake.takeLine(Buffer.from('1'));
  await clock.advance(500);
  intake.takeStatusLines(Buffer.from('[2]'));
  await clock.advance(500);
  expect(intake.attach(taken)).toBe(0);
  intake.takeLine(Buffer.from('3'));
  intake.takeStatusLines(Buffer.from('[4]'));

  expect(taken.all).toEqual([
    ['line', '1', startMs],
    ['statuses', '[2]', startMs + 500],
    ['line', '3', undefined],
    ['statuses', '[4]', undefined],
  ]);
});

test('what is kept is a copy: the message that it came in may go', () => {
  const intake = new Intake(new VirtualClock());
  const message = Buffer.from('line');
  intake.takeLine(message);
  message.fill(0);
  const taken = new Taken();
  intake.attach(taken);
  expect(taken.all[0]?.[1]).toBe('line');
});

test('no more than 16 MiB are kept: the oldest go, and are counted', () => {
  const intake = new Intake(new VirtualClock());
  const mib = 1024 * 1024;
  for (let i = 0; i < 20; i++) intake.takeLine(Buffer.alloc(mib, String.fromCharCode(97 + i)));
  const taken = new Taken();
  expect(intake.attach(taken)).toBe(4);
  expect(taken.all.map(([, text]) => text[0]).join('')).toBe('efghijklmnopqrst');
});

test('a line that is larger than all the room is kept all the same', () => {
  const intake = new Intake(new VirtualClock());
  intake.takeLine(Buffer.from('small'));
  intake.takeLine(Buffer.alloc(17 * 1024 * 1024, 'x'));
  const taken = new Taken();
  expect(intake.attach(taken)).toBe(1);
  expect(taken.all).toHaveLength(1);
});
