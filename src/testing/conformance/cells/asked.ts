import type { Expected, Given } from '../cell.ts';
import {
  busy,
  connections,
  failures,
  keepAlive,
  redirects,
  refusals,
  rejections,
  silentConnection,
  slow,
  tooLarge,
  unanswered,
  unreadable,
} from './answers.ts';
import type { Table } from './table.ts';

/** What is expected of a call that osqueryd waits for, by how it ends. */
export interface Asked {
  /** The answer of the server in the end. */
  readonly well: Expected;
  /** What osqueryd is told when there is none. */
  readonly ill: Expected;
}

/** Another attempt 1 s after the first, as osquery's `config_tls_max_attempts` and `distributed_tls_max_attempts`. */
export const strike = [1, 1] as const;

/** What a configuration and a distributed read have in common: osqueryd waits, and three strikes are made. */
export function askedCells(table: Table, { well, ill }: Asked): void {
  const strikes: Expected = { ...ill, next: strike };
  const whenAsked: Expected = { ...ill, next: 'when asked' };
  const atOnce: Expected = { ...well, next: 'at once' };

  table.each(failures, strikes);
  table.each(tooLarge, strikes);
  table.each(refusals, whenAsked);
  table.each(rejections, whenAsked);
  // The server wants to be left alone for longer than osqueryd would wait.
  table.each({ a: busy.seconds, b: busy.unavailable, c: busy.date, d: busy.forEver }, whenAsked);
  table.each({ a: busy.past, b: busy.nonsense }, strikes);

  const { temporary307, permanent308, loop, ...notFollowed } = redirects;
  table.each(notFollowed, strikes);
  table.each({ a: temporary307, b: permanent308 }, atOnce, { hits: 'first' });
  table.add(loop, { ...ill, next: 'at once' });

  table.each(unreadable, strikes);
  const reuse: Given = { flags: { tls_session_reuse: 'false' } };
  table.each(unanswered, strikes, { given: reuse, when: 'on a new connection' });
  table.each(unanswered, atOnce, { hits: 'first', when: 'once, on a kept connection' });
  // Time up after osquery's 16 s.
  table.each(slow, { ...ill, next: [17, 17] });
  // A client may be less patient with a handshake.
  table.add(silentConnection, { ...ill, next: [2, 17] });

  const { refuse, ...seen } = connections;
  table.each(seen, strikes);
  table.add(refuse, { ...well, next: strike }, { hits: 'first' });
  table.add(failures.unavailable, { ...well, next: strike }, { hits: 'first', when: 'once' });
  table.add(keepAlive.stale, atOnce, { hits: 'first' });
  table.add(keepAlive.idle, { ...well, next: 'done' });
}
