import { gzipSync } from 'node:zlib';
import type { Expected, Given } from '../cell.ts';
import {
  connections,
  failures,
  nodeInvalid,
  notInvalid,
  refusals,
  rejections,
  reply,
  slow,
} from './answers.ts';
import { askedCells, strike } from './asked.ts';
import { Table } from './table.ts';

const table = new Table('config', 'until healed');

const well = { line: 'delivered', config: 'new', key: 'kept', next: 'done' } as const satisfies Expected;
const ill = { ...well, config: 'last good' } as const;
const strikes: Expected = { ...ill, next: strike };

const schedule = '"schedule":{"version_2":{"query":"SELECT 2","interval":60}}';
const config = `{${schedule}}`;
const nested = (depth: number) => `{${schedule},"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
type Named = readonly (readonly [name: string, rows: readonly number[], act: ReturnType<typeof reply>])[];

// Configurations, and what servers write around them.
const taken: Named = [
  ['200 a configuration', [11], reply(200, config)],
  ['osctrl, Doorman: node_invalid false in it', [2, 11], reply(200, `{${schedule},"node_invalid":false}\n`)],
  ['node_invalid false before all', [11], reply(200, `{"node_invalid": false , ${schedule}}`)],
  ['node_invalid false twice', [11], reply(200, `{"node_invalid":false,${schedule},"node_invalid":false}`)],
  ['test server: node true in it', [11], reply(200, `{${schedule},"node":true}`)],
  ['Windmill: as text/html', [8], reply(200, config, [['Content-Type', 'text/html']])],
  ['in chunks', [11], reply(200, config, [], 'chunked')],
  ['up to the end of the connection', [11], reply(200, config, [], 'close')],
  ['as gzip', [24], reply(200, gzipSync(config), [['Content-Encoding', 'gzip']])],
  ['with white space around', [11], reply(200, ` \r\n${config}\n\n`)],
  ['with a query that is called error', [9], reply(200, `{${schedule},"packs":{"error":{"queries":{}}}}`)],
  ['with members twice', [11], reply(200, `{"options":{},${schedule},"options":{}}`)],
  ['with 201', [11], reply(201, config)],
  ['nested 32 deep', [12], reply(200, nested(32))],
  ['of 1,000,000 bytes', [12], reply(200, `{${schedule},"pad":"${'x'.repeat(999_900)}"}`)],
];
for (const [name, rows, act] of taken) table.add({ name, rows, act }, well);
for (const value of Object.values(notInvalid)) {
  table.add(
    {
      name: `node_invalid ${value} in it`,
      rows: [1],
      act: reply(200, `{${schedule},"node_invalid":${value}}`),
    },
    well,
  );
}

// osqueryd empties its schedule before it finds out that it cannot read a configuration.
table.add(
  { name: 'nested 33 deep', rows: [12], act: reply(200, nested(33)) },
  { ...ill, next: 'when asked' },
);
table.add(
  {
    name: 'of 2 MiB, for an osqueryd that takes 1 MiB',
    rows: [12],
    act: reply(200, `{${schedule},"pad":"${'x'.repeat(2 * 1024 * 1024)}"}`),
  },
  { ...ill, next: 'when asked' },
);

// Nothing is never a configuration.
const empty: Named = [
  ['Doorman, osctrl: 200 without a body', [6], reply(200)],
  ['200 with white space alone', [6], reply(200, ' \r\n')],
  ['204', [6], reply(204)],
  ['200 {}', [6], reply(200, '{}')],
  ['200 node_invalid false and nothing else', [6], reply(200, '{"node_invalid":false}')],
  ['a configuration behind a BOM', [7], reply(200, `\ufeff${config}`)],
  ['a configuration with a comment', [7], reply(200, `# hello\n${config}`)],
  ['a configuration with an error beside it', [9], reply(200, `{${schedule},"error":"x"}`)],
  ['a configuration with 500', [0], reply(500, config)],
  ['a configuration with 404', [0], reply(404, config)],
];
for (const [name, rows, act] of empty) table.add({ name, rows, act }, strikes);

askedCells(table, { well, ill });

for (const answer of Object.values(nodeInvalid)) {
  table.add(answer, { ...well, key: 'replaced', next: 'at once' }, { hits: 'first', forgetsKey: true });
}
// Zentral's conflict of serial numbers: no new key will ever help.
table.add(
  nodeInvalid.zentral,
  {
    ...ill,
    key: 'replaced again and again',
    next: 'at once',
    inAnHour: { endpoint: 'enroll', fewest: 2, most: 12 },
  },
  { hits: 'always', when: 'to every key' },
);
const flag = (name: string): Given => ({ flags: { [name]: 'true' } });
table.add(
  nodeInvalid.zentral,
  { ...ill, next: 'at once' },
  { given: flag('disable_reenrollment'), when: 'with --disable_reenrollment' },
);

table.add(
  nodeInvalid.zentral,
  { ...ill, next: 'at once' },
  { given: flag('disable_enrollment'), when: 'with --disable_enrollment' },
);
// Each refresh makes its three attempts, and no more.
table.add(
  failures.osctrl,
  { ...strikes, inAnHour: { endpoint: 'config', fewest: 37, most: 40 } },
  { hits: 'always', when: 'for ever' },
);

// Without one from before there is nothing to fall back on, and after a restart there still is.
const bad = [
  failures.osctrl,
  failures.portal,
  failures.emptyObject500,
  connections.unknownCa,
  { name: '200 without a body', rows: [6], act: reply(200) },
];
for (const answer of bad) {
  table.add(
    answer,
    { ...strikes, config: 'none' },
    { given: { lastGood: false }, when: 'to the first question' },
  );
  table.add(answer, strikes, { given: { restarted: true }, when: 'after a restart' });
}
for (const answer of [refusals.osctrl, rejections.zentral]) {
  table.add(
    answer,
    { ...ill, config: 'none', next: 'when asked' },
    { given: { lastGood: false }, when: 'to the first question' },
  );
}
table.add(
  slow.hang,
  { ...ill, config: 'none', next: [17, 17] },
  { given: { lastGood: false }, when: 'to the first question' },
);

// With config_refresh=0 osqueryd asks once and never again.
for (const answer of [failures.osctrl, failures.badGateway, connections.reset]) {
  table.add(
    answer,
    { ...strikes, config: 'pushed' },
    { given: { lastGood: false, flags: { config_refresh: '0' } }, when: 'to the only question' },
  );
}

// tls_node_api: a GET, and the configuration as a text in the answer.
const asNode = { given: flag('tls_node_api'), when: 'with --tls_node_api' };
const wrapped = (text: string) => reply(200, JSON.stringify({ config: text }));
table.add({ name: 'a configuration in a text', rows: [11], act: wrapped(config) }, well, asNode);
table.add(
  { name: 'a configuration that is not in a text', rows: [11], act: reply(200, config) },
  strikes,
  asNode,
);
table.add({ name: 'a text that is no configuration', rows: [11], act: wrapped('hello') }, strikes, asNode);

export const configCells = table.cells;
