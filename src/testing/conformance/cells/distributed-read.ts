import type { Expected } from '../cell.ts';
import { nodeInvalid, reply } from './answers.ts';
import { askedCells, strike } from './asked.ts';
import { Table } from './table.ts';

const table = new Table('distributed_read', 'until healed');

const well = {
  line: 'delivered',
  config: 'new',
  key: 'kept',
  next: 'done',
  queries: 'given',
} as const satisfies Expected;
const ill = { ...well, queries: 'none' } as const;
const queries = '"queries":{"q1":"SELECT 1"}';
type Named = readonly (readonly [name: string, rows: readonly number[], act: ReturnType<typeof reply>])[];

const taken: Named = [
  ['200 queries', [13], reply(200, `{${queries}}`)],
  ['Windmill: as text/html', [8], reply(200, `{${queries}}`, [['Content-Type', 'text/html']])],
  ['in chunks', [13], reply(200, `{${queries}}`, [], 'chunked')],
  ['up to the end of the connection', [13], reply(200, `{${queries}}`, [], 'close')],
  ['with 201', [13], reply(201, `{${queries}}`)],
];
for (const [name, rows, act] of taken) table.add({ name, rows, act }, well);

// What osqueryd is given where the answer is not quite what it takes.
const content: readonly (readonly [
  name: string,
  rows: readonly number[],
  body: string,
  json: unknown,
  reported?: readonly string[],
])[] = [
  ['no work: {}', [13], '{}', {}],
  ['no work: queries {}', [13], '{"queries":{}}', { queries: {} }],
  ['queries null', [13], '{"queries":null}', {}],
  ['queries []', [13], '{"queries":[]}', {}],
  [
    'discovery',
    [14],
    `{${queries},"discovery":{"q1":"SELECT 2"}}`,
    { queries: { q1: 'SELECT 1' }, discovery: { q1: 'SELECT 2' } },
  ],
  ['accelerate 10', [15], `{${queries},"accelerate":10}`, { queries: { q1: 'SELECT 1' }, accelerate: 10 }],
  [
    'test server: accelerate "60"',
    [15],
    `{${queries},"accelerate":"60"}`,
    { queries: { q1: 'SELECT 1' }, accelerate: 60 },
  ],
  ['accelerate "soon"', [15], `{${queries},"accelerate":"soon"}`, { queries: { q1: 'SELECT 1' } }],
  [
    'a query that is a number',
    [13],
    '{"queries":{"q1":"SELECT 1","bad":5,"q2":"SELECT 2"}}',
    { queries: { q1: 'SELECT 1', q2: 'SELECT 2' } },
    ['bad'],
  ],
  [
    'a query that is blank',
    [13],
    '{"queries":{"bad":"","q1":"SELECT 1"}}',
    { queries: { q1: 'SELECT 1' } },
    ['bad'],
  ],
  ['a query that is an object', [13], '{"queries":{"bad":{"query":"SELECT 1"}}}', { queries: {} }, ['bad']],
];
for (const [name, rows, body, json, reported = []] of content) {
  table.add({ name, rows, act: reply(200, body) }, { ...well, queries: { json }, reported });
}

// An empty answer is none.
const empty: Named = [
  ['200 without a body', [6], reply(200)],
  ['200 with white space alone', [6], reply(200, ' \r\n')],
  ['204', [6], reply(204)],
  ['queries with an error beside them', [9], reply(200, `{${queries},"error":"x"}`)],
  ['queries with 500', [0], reply(500, `{${queries}}`)],
];
for (const [name, rows, act] of empty) table.add({ name, rows, act }, { ...ill, next: strike });

askedCells(table, { well, ill });
table.each(nodeInvalid, { ...well, key: 'replaced', next: 'at once' }, { hits: 'first', forgetsKey: true });

export const distributedReadCells = table.cells;
