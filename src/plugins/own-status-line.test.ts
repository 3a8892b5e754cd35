import { expect, test } from 'vitest';
import { parseStatusLines } from '../extension/index.ts';
import { ownStatusLine } from './own-status-line.ts';

test.each([
  [Date.UTC(2016, 4, 2, 22, 27, 32, 999), 'Mon May  2 22:27:32 2016 UTC', 1_462_228_052],
  [Date.UTC(2026, 11, 31, 0, 0, 0), 'Thu Dec 31 00:00:00 2026 UTC', 1_798_675_200],
  [0, 'Thu Jan  1 00:00:00 1970 UTC', 0],
])('a line of ours looks like one of osqueryd at %i', (now, calendarTime, unixTime) => {
  const message = 'lost 3 "lines"\nof the result stream';
  const line = ownStatusLine({ severity: 1, file: 'outbox', message, hostIdentifier: 'höst', now });
  expect(parseStatusLines(line)).toEqual([
    { severity: 1, filename: 'outbox', line: 0, message, hostIdentifier: 'höst', calendarTime, unixTime },
  ]);
  expect(line.toString()).not.toContain('\n');
});
