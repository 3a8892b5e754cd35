import { isDeepStrictEqual } from 'node:util';
import type { Cell, Next } from '../cell.ts';
import { honestQueries } from '../server/index.ts';
import type { Observed } from './observed.ts';

/** In what the two differ, one text each. */
export function differences({ expected }: Cell, observed: Observed): string[] {
  const found: string[] = [];
  const expect = (ok: boolean, what: string, wanted: unknown, was: unknown) => {
    if (!ok) found.push(`${what}: expected ${show(wanted)}, was ${show(was)}`);
  };
  const { line, config, key, next, queries, inAnHour } = expected;
  expect(observed.line === line, 'line', line, observed.line);
  expect(observed.config === config, 'config', config, observed.config);
  expect(observed.key === key, 'key', key, observed.key);
  expect(isNext(next, observed.next), 'next attempt', next, observed.next);
  if (queries !== undefined) {
    const wanted = queries === 'given' ? honestQueries : queries === 'none' ? undefined : queries.json;
    expect(isDeepStrictEqual(parse(observed.queries), wanted), 'queries', wanted, observed.queries);
  }
  const reported = expected.reported ?? [];
  expect(isDeepStrictEqual(observed.reported, reported), 'reported ids', reported, observed.reported);
  if (inAnHour !== undefined) {
    const { endpoint, fewest, most } = inAnHour;
    const was = observed.requestsInAnHour ?? -1;
    const ok = was >= fewest && was <= most;
    expect(ok, `requests to ${endpoint} in an hour`, `${fewest} to ${most}`, String(was));
  }
  return [...found, ...observed.problems];
}

function isNext(wanted: Next, was: Observed['next']): boolean {
  if (typeof wanted === 'string') return was === wanted;
  return typeof was === 'number' && was >= wanted[0] && was <= wanted[1];
}

function show(value: unknown): string {
  if (typeof value === 'number') return `after ${value} s`;
  if (Array.isArray(value) && typeof value[0] === 'number') return `after ${value[0]} to ${value[1]} s`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
