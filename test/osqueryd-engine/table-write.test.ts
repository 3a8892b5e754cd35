import { afterEach, expect, test } from 'vitest';
import {
  type Generated,
  readRoute,
  rowText,
  SqlEngine,
  type WriteRequest,
} from '../../src/testing/osqueryd/engine/index.ts';
import { pluginCalls, recordedCalls } from './recorded-calls.ts';

let sql: SqlEngine | undefined;
afterEach(() => sql?.close());

test('inserts, updates and deletes of a recorded run: every call and every answer is the same', async () => {
  const queries = recordedCalls('table-write').filter(({ method }) => method === 'query');
  const calls = pluginCalls('table-write', 'table').filter(({ seconds }) =>
    queries.some((query) => query.seconds <= seconds && seconds <= query.answeredAt),
  );
  const asked: unknown[] = [];
  const next = (table: string, request: WriteRequest) => {
    const call = calls[asked.length];
    asked.push([table, comparable(request)]);
    return call;
  };
  const generate = async (table: string, context: string): Promise<Generated> => {
    const request = new Map([
      ['action', 'generate'],
      ['context', context],
    ]);
    return { rows: next(table, request)?.rows ?? [] };
  };
  const write = async (table: string, request: WriteRequest) => ({ rows: next(table, request)?.rows ?? [] });

  sql = await SqlEngine.open({ generate });
  for (const [name, rows] of await recordedRoutes()) {
    const route = readRoute(rows);
    if (route !== undefined) sql.attachTable(name, route, generate, write);
  }
  expect(queries.length).toBeGreaterThan(25);
  for (const query of queries) {
    const result = await sql.query(query.sql);
    const answer =
      'error' in result
        ? [1, result.error, []]
        : [0, 'OK', result.rows.map((row) => Object.fromEntries(rowText(row)))];
    const rows = query.rows?.map((row) => Object.fromEntries(row));
    expect([query.sql, ...answer]).toEqual([query.sql, query.code, query.message, rows]);
  }
  expect(asked).toEqual(calls.map(({ item, request }) => [item, comparable(request)]));
});

test('a table without a way to write refuses by itself', async () => {
  sql = await SqlEngine.open();
  const route = readRoute([
    new Map([
      ['id', 'column'],
      ['name', 'a'],
      ['type', 'TEXT'],
      ['op', '0'],
    ]),
  ]);
  if (route !== undefined) sql.attachTable('t', route);
  expect(await sql.query("insert into t values ('x')")).toEqual({ error: 'table t may not be modified' });
});

async function recordedRoutes() {
  const asked = pluginCalls('table-generate', 'table').filter(
    ({ request }) => request.get('action') === 'columns',
  );
  return new Map(asked.map(({ item, rows = [] }) => [item, rows]));
}

/** A request but for the order of `colsUsed` in its context. */
function comparable(request: WriteRequest): unknown {
  const context = JSON.parse(request.get('context') ?? '{}') as { readonly colsUsed?: readonly string[] };
  const colsUsed = [...(context.colsUsed ?? [])].sort();
  return { ...Object.fromEntries(request), context: { ...context, colsUsed } };
}
