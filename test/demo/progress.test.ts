import { expect, test } from 'vitest';
import { after, allSteps, describeMissing } from '../../src/cli/demo/progress.ts';
import { verdict } from '../../src/cli/demo.ts';
import type { ServerEvent } from '../../src/server/index.ts';

const log = { kind: 'log_received', node: 'n', bytes: 1 } as const;
const answer = { kind: 'result_received', node: 'n', query: 'q', message: '', repeated: false } as const;

function follow(events: readonly ServerEvent[], query: string | undefined = 'q') {
  return events.reduce((steps, event) => after(steps, event, query), allSteps);
}

test('every step is done by what the server saw', () => {
  const events: ServerEvent[] = [
    { kind: 'enrolled', node: 'n', again: false },
    { kind: 'config_served', node: 'n', bytes: 2 },
    { ...log, stream: 'status', lines: 1, repeated: 0 },
    { ...log, stream: 'result', lines: 3, repeated: 2 },
    { ...answer, status: 0, rows: 1 },
  ];

  expect(follow(events)).toEqual([]);
});

test('repeated lines, failed queries, empty answers and answers to others do not count', () => {
  const events: ServerEvent[] = [
    { ...log, stream: 'status', lines: 0, repeated: 0 },
    { ...log, stream: 'result', lines: 2, repeated: 2 },
    { ...answer, status: 1, rows: 0 },
    { ...answer, status: 0, rows: 0 },
    { ...answer, query: 'another', status: 0, rows: 1 },
  ];

  expect(follow(events)).toEqual(allSteps);
});

test('what is missing is said, and decides about the exit code', () => {
  const missing = ['result', 'answer'] as const;

  expect(describeMissing(missing)).toBe('no result line was delivered, the query was not answered');
  expect(verdict('complete', [], true).code).toBe(0);
  expect(verdict('late', missing, true)).toEqual({
    code: 1,
    text: 'not complete after 38 s: no result line was delivered, the query was not answered',
  });
  expect(verdict('stopped', missing, true).code).toBe(130);
  expect(verdict('stopped', missing, false).code).toBe(0);
  expect(verdict({ code: 78, signal: null }, missing, false)).toEqual({
    code: 1,
    text: 'osqueryd ended with exit code 78; no result line was delivered, the query was not answered',
  });
  expect(verdict({ code: null, signal: 'SIGKILL' }, [], false).text).toBe('osqueryd ended by SIGKILL');
});
