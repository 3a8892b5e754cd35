import type { Cell, KeyFate } from '../cell.ts';
import type { Arrival } from '../server/index.ts';

/** What became of the node key, by what the server saw and issued. */
export function keyFate(cell: Cell, arrivals: readonly Arrival[], issued: number): KeyFate | string {
  const asked = arrivals.filter(({ endpoint }) => endpoint === 'enroll').length;
  const keys = distinct(arrivals.flatMap(({ endpoint, key }) => (endpoint === 'enroll' ? [] : (key ?? []))));
  const facts = `${asked} enrollments, keys in use: ${keys.join(', ') || 'none'}`;
  if (cell.endpoint !== 'enroll') {
    if (asked === 0 && keys.length <= 1) return 'kept';
    if (asked > 1 && keys.length > 2) return 'replaced again and again';
    return asked === 1 && issued === 1 && keys.at(-1) === 'issued-key-1' && keys.length === 2
      ? 'replaced'
      : facts;
  }
  if (issued === 0 && keys.length === 0) return 'never';
  const { act, issuesKey } = cell.script;
  if (issuesKey !== undefined && asked === 1 && keys.join() === issuesKey) return 'first answer';
  if (issued !== 1 || keys.join() !== 'issued-key-1') return facts;
  if (act.kind === 'connection') return asked === 1 ? 'later' : facts;
  return asked === 2 ? 'later' : facts;
}

function distinct(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}
