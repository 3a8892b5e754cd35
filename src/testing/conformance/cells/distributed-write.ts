import type { Expected } from '../cell.ts';
import {
  busy,
  connections,
  failures,
  keepAlive,
  nodeInvalid,
  notInvalid,
  redirects,
  refusals,
  rejections,
  reply,
  silentConnection,
  slow,
  tooLarge,
  unanswered,
  unreadable,
} from './answers.ts';
import { Table } from './table.ts';

const table = new Table('distributed_write', 'first');

/** Somebody waits for these: osquery's 1 s between strikes, and a back-off of no more. */
const soon = [0.75, 1] as const;

const delivered: Expected = { line: 'delivered', config: 'new', key: 'kept', next: 'done' };
const waits: Expected = { ...delivered, line: 'sent again', next: soon };
const atOnce: Expected = { ...waits, next: 'at once' };
const enrolls: Expected = { ...atOnce, key: 'replaced' };
const setAside: Expected = { ...delivered, line: 'quarantined', next: 'at once' };
const timeUp: Expected = { ...waits, next: [16.75, 17] };

const taken: readonly (readonly [name: string, rows: readonly number[], act: ReturnType<typeof reply>])[] = [
  ['Zentral, Fleet: 200 {}', [2], reply(200, '{}')],
  ['osctrl: 200 node_invalid false', [2], reply(200, '{"node_invalid":false}')],
  ['Doorman: 200 node_invalid false and a line feed', [2], reply(200, '{"node_invalid":false}\n')],
  ['200 without a body', [6], reply(200)],
  ['204', [6], reply(204)],
  ['202 without a body', [6], reply(202)],
  ['200 {} as text/html', [8], reply(200, '{}', [['Content-Type', 'text/html']])],
  ['200 {} in chunks', [2], reply(200, '{}', [], 'chunked')],
  ['200 {} up to the end of the connection', [2], reply(200, '{}', [], 'close')],
  ...Object.values(notInvalid).map(
    (value) => [`200 node_invalid ${value}`, [1], reply(200, `{"node_invalid":${value}}`)] as const,
  ),
];
for (const [name, rows, act] of taken) table.add({ name, rows, act }, delivered);

table.add({ name: '200 {} to a result without rows', rows: [16, 17], act: reply(200, '{}') }, delivered, {
  given: { results: ['{"queries":{"q1":[]},"statuses":{"q1":0}}'] },
});
table.add({ name: '200 {} to a query that failed', rows: [16, 17], act: reply(200, '{}') }, delivered, {
  given: { results: ['{"queries":{"q1":[]},"statuses":{"q1":1},"messages":{"q1":"no such table: x"}}'] },
});

table.each(nodeInvalid, enrolls, { forgetsKey: true });
table.each(refusals, waits);
table.each(failures, waits);
table.each({ a: busy.seconds, b: busy.unavailable, c: busy.date }, { ...waits, next: [60, 75] });
table.add(busy.forEver, { ...waits, next: [3600, 4500] });
table.each({ a: busy.past, b: busy.nonsense }, waits);

// Each result goes alone, so that a refusal speaks of one query.
const result = (id: string, pad = '') =>
  `{"queries":{"${id}":[{"a":"1","pad":"${pad}"}]},"statuses":{"${id}":0}}`;
const poisoned = [result('q1'), result('poison'), result('q2')];
for (const rejection of Object.values(rejections)) {
  table.add(rejection, waits, { when: 'once' });
  table.add(rejection, setAside, {
    given: { results: poisoned },
    hits: { holding: 'poison' },
    when: 'for one of three results',
  });
}
const large = [result('q1'), result('poison', 'x'.repeat(5_000)), result('q2')];
for (const answer of [tooLarge.osctrl, tooLarge.nginx, tooLarge.fleet]) {
  table.add(answer, waits, { when: 'once' });
  table.add(answer, setAside, {
    given: { results: large },
    hits: { longerThan: 1_500 },
    when: 'for one of three results',
  });
}
table.add(tooLarge.sinkDown, waits);
table.add(
  rejections.empty,
  { ...delivered, line: 'kept', next: soon },
  { hits: 'always', when: 'whatever is sent' },
);

const { temporary307, permanent308, loop, ...notFollowed } = redirects;
table.each(notFollowed, waits);
table.each({ a: temporary307, b: permanent308 }, atOnce);
table.add(loop, atOnce, { hits: 'until healed' });

table.each(unreadable, waits);
const fresh = { given: { flags: { tls_session_reuse: 'false' } }, when: 'on a new connection' };
table.each(unanswered, waits, fresh);
table.each(unanswered, atOnce, { when: 'on a kept connection' });
table.each(slow, timeUp);
// A client may be less patient with a handshake.
table.add(silentConnection, { ...waits, next: [2, 17] });
table.each(connections, waits);
table.add(keepAlive.stale, atOnce);
table.add(keepAlive.idle, delivered);

export const distributedWriteCells = table.cells;
