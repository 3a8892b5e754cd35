import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Route, readRoute } from './route.ts';
import { rowText } from './row.ts';
import { type Generated, type QueryResult, SqlEngine } from './sql-engine.ts';
import type { StatusEvent } from './status-line.ts';

let sql: SqlEngine;
let status: StatusEvent[];
let calls: string[];
let answer: (table: string) => Promise<Generated>;

beforeEach(async () => {
  status = [];
  calls = [];
  answer = async () => ({ rows: [] });
  sql = await SqlEngine.open({
    status: (event) => status.push(event),
    generate: (table) => {
      calls.push(table);
      return answer(table);
    },
  });
});
afterEach(() => sql.close());

function route(...columns: ReadonlyArray<readonly [string, string, string?]>): Route {
  const rows = columns.map(
    ([name, type, op = '0']) =>
      new Map([
        ['id', 'column'],
        ['name', name],
        ['type', type],
        ['op', op],
      ]),
  );
  const read = readRoute(rows);
  if (read === undefined) throw new Error('no columns');
  return read;
}

function rowsOf(result: QueryResult): unknown {
  return 'error' in result ? result.error : result.rows.map((row) => Object.fromEntries(rowText(row)));
}

test('statements over tables that answer late run side by side and keep their rows apart', async () => {
  sql.attachTable('slow', route(['n', 'INTEGER']));
  sql.attachTable('fast', route(['n', 'INTEGER']));
  let release: (rows: Generated) => void = () => undefined;
  const late = new Promise<Generated>((resolve) => {
    release = resolve;
  });
  answer = async (table) => (table === 'slow' ? late : { rows: [new Map([['n', '2']])] });
  const first = sql.query('select n from slow');
  const second = await sql.query('select n from fast');
  expect(rowsOf(second)).toEqual([{ n: '2' }]);
  release({ rows: [new Map([['n', '1']])] });
  expect(rowsOf(await first)).toEqual([{ n: '1' }]);
});

test('each scan is asked for once, also when the statement starts again for the next table', async () => {
  sql.attachTable('a', route(['n', 'INTEGER']));
  sql.attachTable('b', route(['n', 'INTEGER']));
  answer = async () => ({ rows: [new Map([['n', '1']])] });
  expect(rowsOf(await sql.query('select a.n from a, b, (select 1)'))).toEqual([{ n: '1' }]);
  expect(calls.sort()).toEqual(['a', 'b']);
  await sql.query('select n from a');
  expect(calls).toHaveLength(3);
});

test('rows that an aborted insert left are not there twice', async () => {
  sql.attachTable('a', route(['n', 'INTEGER']));
  answer = async () => ({ rows: [new Map([['n', '1']]), new Map([['n', '2']])] });
  await sql.query('create table t(n); insert into t select 0 union all select n from a');
  expect(rowsOf(await sql.query('select n from t'))).toEqual([{ n: '0' }, { n: '1' }, { n: '2' }]);
});

test('values that do not fit the type of their column are NULL', async () => {
  sql.attachTable('t', route(['i', 'INTEGER'], ['u', 'UNSIGNED BIGINT'], ['d', 'DOUBLE'], ['s', 'TEXT']));
  const row = (i: string, u: string, d: string) =>
    new Map([
      ['i', i],
      ['u', u],
      ['d', d],
      ['s', '\xff'],
    ]);
  answer = async () => ({
    rows: [row('x', '18446744073709551615', 'nan'), row('-7', '9223372036854775807', '1e3'), new Map()],
  });
  expect(rowsOf(await sql.query('select i, u, d, s from t'))).toEqual([
    { i: '', u: '', d: '', s: '\xff' },
    { i: '-7', u: '9223372036854775807', d: '1000.0', s: '\xff' },
    { i: '', u: '', d: '', s: '' },
  ]);
});

test('a table that was taken away is unknown, and can come back with other columns', async () => {
  sql.attachTable('t', route(['a', 'TEXT']));
  sql.detachTable('t');
  expect(rowsOf(await sql.query('select * from t'))).toBe('no such table: t');
  expect(sql.attachTable('t', route(['b', 'TEXT']))).toBeUndefined();
  answer = async () => ({ rows: [new Map([['b', 'x']])] });
  expect(rowsOf(await sql.query('select * from t'))).toEqual([{ b: 'x' }]);
});

test('a table with a quote in a column name cannot be opened by any query', async () => {
  expect(sql.attachTable('t', route(['a b"c', 'TEXT']))).toBeDefined();
  expect(rowsOf(await sql.query('select * from t'))).toBe('vtable constructor failed: t');
});

test('a missing required column is an error and a warning, and the table is not asked', async () => {
  sql.attachTable('t', route(['path', 'TEXT', '2'], ['size', 'BIGINT']));
  const message = 'Table t was queried without a required column in the WHERE clause';
  expect(rowsOf(await sql.query('select * from t where size = 1'))).toBe(message);
  expect(status).toEqual([{ severity: 1, file: 'virtual_table.cpp', line: 1012, message }]);
  expect(calls).toEqual([]);
});

test('queries with columns keep the order of the SELECT list', async () => {
  const result = await sql.queryWithColumns('select 1 as z, 2 as a');
  expect('columns' in result && result.columns).toEqual(['z', 'a']);
  expect(await sql.queryWithColumns('select 1 as a; select 2 as b')).toEqual({ error: 'map::at' });
});

test('NULL becomes the text of --nullvalue', async () => {
  const other = await SqlEngine.open({ nullValue: () => '(null)' });
  expect(rowsOf(await other.query('select null as n'))).toEqual([{ n: '(null)' }]);
  other.close();
});
