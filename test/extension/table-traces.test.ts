import { describe, expect, test } from 'vitest';
import { ConstraintError, tablePlugin, type WrittenValue } from '../../src/extension/index.ts';
import { decodeText } from '../../src/extension/wire/index.ts';
import { readTrace } from '../stand-in/trace.ts';
import { exchangesOf, type RecordedExchange } from './support/recorded.ts';

function callsOf(trace: string, table: string): RecordedExchange[] {
  return exchangesOf(readTrace(trace)).filter(({ registry, item }) => registry === 'table' && item === table);
}

describe('table-generate: the constraints of what was recorded, by the SQL that caused them', () => {
  /** The tables' columns, and what `generate` learns of each statement, in order. One line for each call. */
  const goldenTable = [
    ['select * from golden_table', 'uses big name num ratio'],
    ['... where num = 2', 'num = 2, uses name num'],
    ['select name, big, ratio ... where num > 1 and num <= 3', 'num > 1, num <= 3, uses big name num ratio'],
    ["... where name like 'a%'", 'name LIKE a%, uses name'],
    ["... where name glob 'b*' or name = 'alpha'", 'name GLOB b*, uses name'],
    ['', 'name = alpha, uses name'],
    ['the scheduled query: num = 1', 'num = 1, uses name num'],
    ["... where name match 'x'", 'name MATCH x, uses name'],
    ["... where name in ('alpha','beta')", 'name = alpha, uses name'],
    ['', 'name = beta, uses name'],
    ['... where num in (1,2,3)', 'num = 1, uses name num'],
    ['', 'num = 2, uses name num'],
    ['', 'num = 3, uses name num'],
    ['... limit 2', 'uses name'],
    ['... order by num desc limit 1 offset 1', 'uses name num'],
    ['select count(*)', 'uses nothing'],
    ['select name, secret', 'uses name secret'],
  ];
  const goldenRequired = [
    ["... where path = '/a'", 'path = /a, uses extra opt path size'],
    ["... where path in ('/a','/b') and extra = 'e'", 'extra = e, path = /a, uses extra opt path size'],
    ['', 'extra = e, path = /b, uses extra opt path size'],
    [
      "... where path like '/x%' and opt='o' and size > 1",
      'path LIKE /x%, size > 1, uses extra opt path size',
    ],
  ];

  async function told(table: string): Promise<string[]> {
    const columns = {
      golden_table: { big: 'BIGINT', name: 'TEXT', num: 'INTEGER', ratio: 'DOUBLE', secret: 'TEXT' },
      golden_required: { extra: 'TEXT', opt: 'TEXT', path: 'TEXT', size: 'UNSIGNED BIGINT' },
    }[table];
    const seen: string[] = [];
    const plugin = tablePlugin({
      name: table,
      columns: columns as Record<string, 'TEXT'>,
      generate(context) {
        const constraints = Object.keys(columns ?? {}).flatMap((name) =>
          context.constraints(name).map(({ operator, value }) => `${name} ${operator} ${value}`),
        );
        const used = [...(context.columnsUsed ?? [])].sort();
        seen.push([...constraints, `uses ${used.join(' ') || 'nothing'}`].join(', '));
        return [];
      },
    });
    for (const { request } of callsOf('table-generate', table)) {
      if (request.get('action')?.toString() === 'generate') await plugin.call(request);
    }
    return seen;
  }

  test('golden_table', async () => {
    expect((await told('golden_table')).slice(0, goldenTable.length)).toEqual(
      goldenTable.map(([, text]) => text),
    );
  });

  test('golden_table: != and joins pass on nothing that we know, a value with quotes is whole', async () => {
    const rest = (await told('golden_table')).slice(goldenTable.length);
    expect(rest).toContain('num >= 1, num <= 2, uses name num');
    expect(rest).toContain('num > 1.5, uses name num');
    expect(rest).toContain('name = quote\'"\\ü😀, uses name');
    expect(rest.filter((line) => !/^((num|name) (=|>|>=|<=) |uses )/.test(line))).toEqual([]);
  });

  test('golden_required', async () => {
    expect(await told('golden_required')).toEqual(goldenRequired.map(([, text]) => text));
  });
});

test('table-write: a table with the recorded rows, replayed call by call', async () => {
  interface Values {
    readonly k: WrittenValue;
    readonly v: WrittenValue;
    readonly d: WrittenValue;
  }
  const rows = new Map<string, Values>();
  const failing = new Set(['fail', 'fail0', 'two', 'code1', 'odd']);
  const check = (row: Values): Values => {
    if (failing.has(String(row.k))) throw new Error('custom failure text');
    if (row.k === 'dup') throw new ConstraintError();
    return row;
  };
  let next = 1;
  const log: string[] = [];
  const plugin = tablePlugin({
    name: 'golden_rw',
    columns: { k: 'TEXT', v: 'INTEGER', d: 'DOUBLE' },
    generate: () =>
      [...rows].map(([rowid, { k, v, d }]) => ({ rowid, k: String(k), v: Number(v), d: Number(d) })),
    insert(row, rowid) {
      const id = rowid ?? (row.k === 'noid' ? undefined : String(next));
      if (id === undefined) return undefined;
      rows.set(id, check(row));
      next = Math.max(next, Number(id)) + 1;
      return rowid === undefined ? id : undefined;
    },
    update(rowid, row, newRowid) {
      rows.delete(rowid);
      rows.set(newRowid ?? rowid, row);
    },
    delete(rowid) {
      rows.delete(rowid);
    },
  });
  for (const { request } of callsOf('table-write', 'golden_rw')) {
    const action = request.get('action')?.toString() ?? '';
    const { code, rows: reply } = await plugin.call(request);
    expect(code).toBe(0);
    if (action === 'generate') log.push(`${reply.length} rows`);
    else
      log.push(
        `${action} ${decodeText(request.get('json_value_array') ?? Buffer.alloc(0))}: ${show(reply[0])}`,
      );
  }

  expect(log).toEqual([
    'insert ["one",1,1.5]: success 1',
    'insert ["two",2,2.5]: failure custom failure text',
    'insert ["fifty",50,5.5]: success 50',
    'insert ["multi1",1,1.0]: success 51',
    'insert ["multi2",2,2.0]: success 52',
    '4 rows',
    '4 rows',
    'update ["one",11,1.5]: success',
    '4 rows',
    'update ["fifty",50,5.5]: success',
    '4 rows',
    'update ["multi1",101,1.0]: success',
    'update ["multi2",102,2.0]: success',
    'update ["one",111,1.5]: success',
    'update ["fifty",150,5.5]: success',
    '4 rows',
    '4 rows',
    '4 rows',
    'delete : success',
    'insert ["fail",1,1.5]: failure custom failure text',
    'insert ["fail0",1,1.5]: failure custom failure text',
    'insert ["dup",1,1.5]: constraint an error without a message',
    'insert ["two",1,1.5]: failure custom failure text',
    'insert ["code1",1,1.5]: failure custom failure text',
    'insert ["noid",1,1.5]: failure golden_rw: insert returned no rowid',
    'insert ["odd",1,1.5]: failure custom failure text',
    'insert ["ü😀",9007199254740993,1e308]: success 53',
    'insert ["\udcff\\u0000\udcfe",1,1.5]: success 54',
    'insert ["inf",1,: failure osqueryd wrote 2 values for 3 columns',
    '5 rows',
    'delete : success',
    'delete : success',
    'delete : success',
    'delete : success',
    'delete : success',
    '0 rows',
  ]);
});

function show(row: ReadonlyMap<string, string | Uint8Array> | undefined): string {
  return ['status', 'id', 'message'].flatMap((key) => row?.get(key) ?? []).join(' ');
}
