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

const table = new Table('log', 'first');

/** osquery's back-off after the first failure is one period (4 s); ours is up to a quarter shorter. */
const backOff = [3, 4] as const;

const delivered: Expected = { line: 'delivered', config: 'new', key: 'kept', next: 'done' };
const waits: Expected = { line: 'sent again', config: 'new', key: 'kept', next: backOff };
const atOnce: Expected = { ...waits, next: 'at once' };
const enrolls: Expected = { line: 'sent again', config: 'new', key: 'replaced', next: 'at once' };
const setAside: Expected = { line: 'quarantined', config: 'new', key: 'kept', next: 'at once' };

// What counts as taken: every 2xx that is empty or an object without `error`.
const taken: readonly (readonly [name: string, rows: readonly number[], act: ReturnType<typeof reply>])[] = [
  // With what is looked at in every request of every cell.
  ['Zentral, Fleet: 200 {}', [2, 21, 31, 32, 34, 35], reply(200, '{}')],
  ['osctrl: 200 node_invalid false', [2], reply(200, '{"node_invalid":false}')],
  ['Doorman: 200 node_invalid false and a line feed', [2], reply(200, '{"node_invalid":false}\n')],
  ['Splunk: 200 node_invalid false with a blank', [2], reply(200, '{"node_invalid": false}')],
  ['200 without a body', [6], reply(200)],
  ['200 with white space alone', [6], reply(200, ' \r\n')],
  ['204', [6], reply(204)],
  ['201 {}', [6], reply(201, '{}')],
  ['202 without a body', [6], reply(202)],
  ['200 {} as text/html', [8], reply(200, '{}', [['Content-Type', 'text/html']])],
  ['200 {} in chunks', [2], reply(200, '{}', [], 'chunked')],
  ['200 {} up to the end of the connection', [2], reply(200, '{}', [], 'close')],
  ['200 {} and the connection is told to end', [30], reply(200, '{}', [['Connection', 'close']])],
  ['200 with words of its own', [2], reply(200, '{"message":"thank you","errors":[]}')],
  ['200 {"foo":"bar"}, the test server on a strange path', [22], reply(200, '{"foo":"bar"}')],
];
for (const [name, rows, act] of taken) table.add({ name, rows, act }, delivered);
for (const value of Object.values(notInvalid)) {
  table.add(
    { name: `200 node_invalid ${value}`, rows: [1], act: reply(200, `{"node_invalid":${value}}`) },
    delivered,
  );
}

table.each(nodeInvalid, enrolls, { forgetsKey: true });
table.each(refusals, waits);
table.each(failures, waits);
table.add(busy.seconds, { ...waits, next: [60, 75] });
table.add(busy.unavailable, { ...waits, next: [60, 75] });
table.add(busy.date, { ...waits, next: [60, 75] });
// An hour at most: a slip of the server must not silence a fleet.
table.add(busy.forEver, { ...waits, next: [3600, 4500] });
table.add(busy.past, waits);
table.add(busy.nonsense, waits);

// osquery's back-off for an hour: 4, 16, 36, 64 s and so on, 14 attempts; a quarter shorter, 16.
const hour = { endpoint: 'log', fewest: 14, most: 16 } as const;
const kept: Expected = { line: 'kept', config: 'new', key: 'kept', next: backOff };
for (const answer of [failures.osctrl, failures.portal, refusals.unauthorized]) {
  table.add(answer, { ...kept, inAnHour: hour }, { hits: 'always', when: 'for ever' });
}
// Of a refusal of the content two each time: the line that was refused first, so that the order is kept when the server
// has recovered, and then others, whose passing alone would prove that it is the line.
for (const answer of [rejections.empty, tooLarge.sinkDown]) {
  const twice = { ...hour, most: 2 * hour.most };
  table.add(answer, { ...kept, inAnHour: twice }, { hits: 'always', when: 'for ever' });
}

// A refusal of the content. One line alone proves nothing, so it is tried again after the back-off; beside lines that
// pass it is set aside.
const poisoned = ['{"name":"good 1"}', '{"name":"poison"}', '{"name":"good 2"}'];
for (const rejection of Object.values(rejections)) {
  table.add(rejection, waits, { when: 'once' });
  table.add(rejection, setAside, {
    given: { lines: poisoned },
    hits: { holding: 'poison' },
    when: 'for one of three lines',
  });
}

// Too large: halved until it fits. A line that does not fit alone is set aside.
const eight = Array.from({ length: 8 }, (_, n) =>
  JSON.stringify({ name: `line ${n}`, pad: 'x'.repeat(500) }),
);
const large = JSON.stringify({ name: 'poison', pad: 'x'.repeat(5_000) });
for (const answer of [tooLarge.osctrl, tooLarge.nginx, tooLarge.fleet]) {
  table.add(answer, atOnce, {
    given: { lines: eight },
    hits: { longerThan: 1_500 },
    when: 'above 1,500 bytes',
  });
  table.add(answer, setAside, {
    given: { lines: [...eight.slice(0, 4), large, ...eight.slice(4)] },
    hits: { longerThan: 1_500 },
    when: 'and one line is larger than that',
  });
}
table.add(tooLarge.osctrl, kept, { hits: 'always', when: 'whatever is sent' });
table.add(tooLarge.sinkDown, { ...waits }, { given: { lines: eight } });

table.each(
  {
    moved301: redirects.moved301,
    found302: redirects.found302,
    other303: redirects.other303,
    elsewhere307: redirects.elsewhere307,
    elsewhere302: redirects.elsewhere302,
    clear308: redirects.clear308,
    clear301: redirects.clear301,
    nowhere: redirects.nowhere,
    strange: redirects.strange,
    notModified: redirects.notModified,
  },
  waits,
);
table.add(redirects.temporary307, atOnce);
table.add(redirects.permanent308, atOnce);
table.add(redirects.loop, atOnce, { hits: 'until healed' });

table.each(unreadable, waits);
const fresh = { given: { flags: { tls_session_reuse: 'false' } }, when: 'on a new connection' };
table.each(unanswered, waits, fresh);
table.each(unanswered, atOnce, { when: 'on a kept connection' });
// Time up after osquery's 16 s, and then the back-off.
table.add(slow.hang, { ...waits, next: [19, 20] });
table.add(slow.drip, { ...waits, next: [19, 20] });
// A client may be less patient with a handshake.
table.add(silentConnection, { ...waits, next: [4, 20] });
table.each(connections, waits);
table.add(keepAlive.stale, atOnce);
table.add(keepAlive.idle, delivered);

// Bodies as gzip, and servers that do not know it.
const compress = { flags: { logger_tls_compress: 'true' } };
for (const answer of [
  failures.osctrl,
  rejections.empty,
  rejections.mediaType,
  unanswered.reset,
  unanswered.close,
]) {
  table.add(answer, atOnce, {
    given: compress,
    hits: 'gzip',
    rows: [23],
    when: 'to gzip',
  });
}

export const logCells = table.cells;
