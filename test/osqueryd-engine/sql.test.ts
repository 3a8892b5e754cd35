import { afterEach, describe, expect, test } from 'vitest';
import {
  type ByteString,
  type Generated,
  readRoute,
  rowText,
  type SqlEngine,
} from '../../src/testing/osqueryd/engine/index.ts';
import { pluginCalls, type RecordedCall, recordedCalls } from './recorded-calls.ts';
import { openStandIn, type StandIn } from './stand-in.ts';

let standIn: StandIn | undefined;
afterEach(() => standIn?.sql.close());

/** What a real osqueryd answers by its own build, host or state, so that no other one can answer the same. */
const OWN_STATE = /^explain|osquery_(info|extensions|schedule|registry)|pragma table_info/;

describe('SQL calls of an extension into core', () => {
  test.each(['core-calls', 'unicode-binary'])('%s: every answer is the recorded one', async (scenario) => {
    standIn = await openStandIn(1_795_221_738);
    const calls = recordedCalls(scenario).filter(
      ({ method, sql }) => method === 'query' && !OWN_STATE.test(sql),
    );
    expect(calls.length).toBeGreaterThanOrEqual(20);
    for (const call of calls) await expectSameAnswer(standIn.sql, call);
  });

  test('columns and types of a query are named as osqueryd names them', async () => {
    standIn = await openStandIn(1_795_221_738);
    const calls = recordedCalls('core-calls').filter(({ method }) => method === 'getQueryColumns');
    expect(calls).toHaveLength(6);
    for (const call of calls) await expectSameColumns(standIn.sql, call);
  });

  test('PRAGMA table_info shows the real columns of osquery_info', async () => {
    standIn = await openStandIn(1_795_221_738);
    const calls = recordedCalls('core-calls').filter(({ sql }) => sql.startsWith('pragma table_info'));
    expect(calls).toHaveLength(1);
    for (const call of calls) await expectSameAnswer(standIn.sql, call);
  });

  test('what the authorizer refuses is logged with the recorded words', async () => {
    standIn = await openStandIn(1_795_221_738);
    for (const { sql } of recordedCalls('core-calls').filter(({ method }) => method === 'query')) {
      await standIn.sql.query(sql);
    }
    const logged = pluginCalls('core-calls', 'logger')
      .flatMap(({ request }) => request.get('log') ?? [])
      .join();
    const denied = standIn.status.filter(({ file }) => file === 'sqlite_util.cpp');
    expect(denied).toHaveLength(2);
    for (const { severity, file, line, message } of denied) {
      expect(logged).toContain(`{"s":${severity},"f":"${file}","i":${line},"m":"${message}"`);
    }
  });
});

describe('tables of an extension', () => {
  test('every generate call and every answer is the recorded one', async () => {
    const tables = pluginCalls('table-generate', 'table').filter(
      ({ request }) => request.get('action') === 'generate' && request.has('context'),
    );
    const made: Array<readonly [ByteString, unknown]> = [];
    const generate = async (table: ByteString, context: ByteString): Promise<Generated> => {
      made.push([table, comparable(context)]);
      const recorded = tables.find(
        ({ item, request }) =>
          item === table &&
          JSON.stringify(listsOf(request.get('context') ?? '{}')) === JSON.stringify(listsOf(context)),
      );
      if (recorded === undefined) throw new Error(`no recorded call for ${table} ${context}`);
      if (recorded.code !== 0) return { error: recorded.message };
      return { rows: recorded.rows ?? [] };
    };
    standIn = await openStandIn(1_795_221_513, { generate });
    attachRecordedTables(standIn.sql);

    const queries = recordedCalls('table-generate').filter(
      ({ method, sql }) => method === 'query' && !OWN_STATE.test(sql),
    );
    expect(queries.length).toBeGreaterThanOrEqual(35);
    for (const call of queries) await expectSameAnswer(standIn.sql, call);

    // While the slow query ran, osqueryd used further databases and did other work; what it asked for then is mixed.
    const slow = queries.find(({ sql }) => sql.includes('golden_slow'))?.seconds ?? 0;
    const expected = tables
      .filter(({ seconds }) => seconds < slow && isDuringOne(seconds, queries))
      .map(({ item, request }) => [item, comparable(request.get('context') ?? '{}')]);
    expect(expected.length).toBeGreaterThan(35);
    expect(made.slice(0, expected.length)).toEqual(expected);
  });

  test('columns of a table have their types, expressions the guessed ones', async () => {
    standIn = await openStandIn(1_795_221_513);
    attachRecordedTables(standIn.sql);
    const calls = recordedCalls('table-generate').filter(({ method }) => method === 'getQueryColumns');
    expect(calls).toHaveLength(2);
    for (const call of calls) await expectSameColumns(standIn.sql, call);
  });
});

/** Registers the tables of the recorded extension. */
function attachRecordedTables(sql: SqlEngine): void {
  const columns = pluginCalls('table-generate', 'table').filter(
    ({ request }) => request.get('action') === 'columns',
  );
  const rows = new Map(columns.map(({ item, rows: route = [] }) => [item, route]));
  expect(rows.size).toBe(5);
  for (const [name, route] of rows) {
    const read = readRoute(route);
    if (read === undefined) throw new Error(`bad route of ${name}`);
    expect(sql.attachTable(name, read)).toBeUndefined();
  }
}

/** Whether something happened while a query of the extension ran, so not for the schedule of core. */
function isDuringOne(seconds: number, queries: readonly RecordedCall[]): boolean {
  return queries.some((query) => query.seconds <= seconds && seconds <= query.answeredAt);
}

async function expectSameAnswer(sql: SqlEngine, call: RecordedCall): Promise<void> {
  const result = await sql.query(call.sql);
  if ('error' in result) {
    expect([call.sql, 1, result.error]).toEqual([call.sql, call.code, call.message]);
    return;
  }
  expect([call.sql, 0]).toEqual([call.sql, call.code]);
  if (call.rows === undefined) return;
  const rows = result.rows.map((row) => Object.fromEntries(rowText(row)));
  expect([call.sql, rows]).toEqual([call.sql, call.rows.map((row) => Object.fromEntries(row))]);
}

async function expectSameColumns(sql: SqlEngine, call: RecordedCall): Promise<void> {
  const result = await sql.getQueryColumns(call.sql);
  if ('error' in result) expect([call.sql, 1, result.error]).toEqual([call.sql, call.code, call.message]);
  else {
    const rows = result.columns.map(([name, type]) => [[name, type]]);
    expect([call.sql, rows]).toEqual([call.sql, call.rows?.map((row) => [...row])]);
  }
}

interface Context {
  readonly constraints: ReadonlyArray<{ readonly list: readonly unknown[] }>;
  readonly colsUsed: readonly string[];
}

/** A context but for the order of `colsUsed`, which comes from a hash table. */
function comparable(context: ByteString): unknown {
  const parsed = JSON.parse(context) as Context;
  return { ...parsed, colsUsed: [...parsed.colsUsed].sort() };
}

/** The conditions of a context. */
function listsOf(context: ByteString): unknown {
  return (JSON.parse(context) as Context).constraints.filter(({ list }) => list.length > 0);
}
