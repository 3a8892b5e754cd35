import type { Expected } from '../cell.ts';
import {
  busy,
  connections,
  failures,
  nodeInvalid,
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

const table = new Table('enroll', 'first');

/** osquery's first wait is 1 s; ours is up to a quarter longer. */
const wait = [1, 1.25] as const;

const enrolled: Expected = { line: 'delivered', config: 'new', key: 'first answer', next: 'done' };
const later: Expected = { line: 'delivered', config: 'new', key: 'later', next: wait };
const never: Expected = { line: 'kept', config: 'none', key: 'never', next: wait };

const scripted = 'scripted-key';
const keys: readonly (readonly [name: string, rows: readonly number[], act: ReturnType<typeof reply>])[] = [
  ['200 node_key', [4, 18, 19], reply(200, `{"node_key":"${scripted}"}`)],
  [
    'osctrl, Doorman: node_key and node_invalid false',
    [4],
    reply(200, `{"node_key":"${scripted}","node_invalid":false}\n`),
  ],
  [
    'Windmill: node_key as text/html',
    [8],
    reply(200, `{"node_key":"${scripted}"}`, [['Content-Type', 'text/html']]),
  ],
  ['id for node_key', [4], reply(200, `{"id":"${scripted}"}`)],
  ['node_key beside id', [4], reply(200, `{"id":"another","node_key":"${scripted}"}`)],
  ['201 node_key', [4], reply(201, `{"node_key":"${scripted}"}`)],
  ['node_key in chunks', [4], reply(200, `{"node_key":"${scripted}"}`, [], 'chunked')],
  ['node_key up to the end of the connection', [4], reply(200, `{"node_key":"${scripted}"}`, [], 'close')],
  // osquery looks at nothing else there.
  ['node_key beside node_invalid', [4], reply(200, `{"node_key":"${scripted}","node_invalid":true}`)],
  ['node_key beside error', [4, 9], reply(200, `{"node_key":"${scripted}","error":"x"}`)],
];
/** osquery itself makes 22 attempts in the first hour. */
const storm = { endpoint: 'enroll', fewest: 12, most: 22 } as const;

for (const [name, rows, act] of keys) table.add({ name, rows, act }, enrolled, { issuesKey: scripted });

const none: readonly (readonly [name: string, rows: readonly number[], act: ReturnType<typeof reply>])[] = [
  ['test server, Zentral: 200 node_invalid', [4], reply(200, '{"node_invalid": true}')],
  ['Doorman: 200 without a body', [4, 6], reply(200, '', [['Content-Type', 'text/html']])],
  ['204', [4, 6], reply(204)],
  ['200 {}', [4], reply(200, '{}')],
  ['a blank node_key', [4], reply(200, '{"node_key":""}')],
  ['a blank id', [4], reply(200, '{"id":""}')],
  ['a number for a node_key', [4], reply(200, '{"node_key":7}')],
  ['null for a node_key', [4], reply(200, '{"node_key":null}')],
  ['an object for a node_key', [4], reply(200, '{"node_key":{"a":1}}')],
  ['a node_key with 500', [4], reply(500, '{"node_key":"not-a-key"}')],
  ['a node_key with 403', [4], reply(403, '{"node_key":"not-a-key"}')],
  [
    'Fleet: 401 error and node_invalid',
    [3, 4],
    reply(401, '{"error":"enroll failed","node_invalid":true,"uuid":"u"}'),
  ],
];
for (const [name, rows, act] of none) table.add({ name, rows, act }, later);

table.add(nodeInvalid.withError, later);
table.each(refusals, later);
table.each(rejections, later);
table.each(failures, later);
table.add(busy.seconds, { ...later, next: [60, 75] });
table.add(busy.unavailable, { ...later, next: [60, 75] });
table.add(busy.date, { ...later, next: [60, 75] });
table.add(busy.forEver, { ...later, next: [3600, 4500] });
table.add(busy.past, later);
table.add(busy.nonsense, later);
table.each(tooLarge, later);
table.each(
  {
    moved301: redirects.moved301,
    found302: redirects.found302,
    other303: redirects.other303,
    elsewhere307: redirects.elsewhere307,
    clear308: redirects.clear308,
    nowhere: redirects.nowhere,
    strange: redirects.strange,
    notModified: redirects.notModified,
  },
  later,
);
table.add(redirects.temporary307, { ...later, next: 'at once' });
table.add(redirects.permanent308, { ...later, next: 'at once' });
table.each(unreadable, later);
table.add(unanswered.reset, later);
table.add(unanswered.close, later);
table.each(slow, { ...later, next: [17, 17.25] });
// A client may be less patient with a handshake.
table.add(silentConnection, { ...later, next: [2, 17.25] });
table.each(connections, later);

// With a client certificate the key may be blank: then the certificate says who it is.
table.add({ name: 'a blank node_key', rows: [4], act: reply(200, '{"node_key":""}') }, enrolled, {
  issuesKey: '',
  given: { flags: { tls_client_cert: '{dir}/client.pem', tls_client_key: '{dir}/client.key' } },
  when: 'with a client certificate',
});
table.add({ name: '200 node_key', rows: [4], act: reply(200, `{"node_key":"${scripted}"}`) }, enrolled, {
  issuesKey: scripted,
  given: { flags: { tls_secret_always: 'true' } },
  when: 'with --tls_secret_always',
});

// A server that never gives a key is asked no more often than osquery would, and not less than once in ten minutes.
table.add(refusals.osctrl, { ...never, inAnHour: storm }, { hits: 'always', when: 'for ever' });
table.add(nodeInvalid.zentral, { ...never, inAnHour: storm }, { hits: 'always', when: 'for ever' });
table.add(failures.badGateway, { ...never, inAnHour: storm }, { hits: 'always', when: 'for ever' });

export const enrollCells = table.cells;
