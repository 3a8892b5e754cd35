import { describe, expect, test } from 'vitest';
import { encodeText } from '../wire/index.ts';
import type { QueryContext } from './query-context.ts';
import { ConstraintError, type TablePlugin, tablePlugin } from './table-plugin.ts';

type Values = Record<string, string | Buffer>;

function request(values: Values): Map<string, Buffer> {
  return new Map(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));
}

const columns = { k: 'TEXT', n: 'BIGINT', d: 'DOUBLE' } as const;

function table(methods: Partial<TablePlugin<typeof columns>>) {
  return tablePlugin({ name: 't', columns, generate: () => [], ...methods });
}

describe('what registration tells about a table', () => {
  test('columns with their options, then aliases, aliases of columns and attributes', () => {
    const { route } = tablePlugin({
      name: 't',
      columns: {
        plain: 'TEXT',
        all: {
          type: 'UNSIGNED BIGINT',
          index: true,
          required: true,
          additional: true,
          optimized: true,
          hidden: true,
        },
        version: { type: 'TEXT', collate: 'VERSION_RHEL', index: true, aliases: ['release', 'build'] },
      },
      aliases: ['u'],
      attributes: { utility: true, kernelRequired: true },
      generate: () => [],
    });

    expect(route.map((row) => Object.fromEntries(row))).toEqual([
      { id: 'column', name: 'plain', type: 'TEXT', op: '0' },
      { id: 'column', name: 'all', type: 'UNSIGNED BIGINT', op: '31' },
      { id: 'column', name: 'version', type: 'TEXT', op: '2049' },
      { id: 'alias', alias: 'u' },
      { id: 'columnAlias', name: 'release', target: 'version' },
      { id: 'columnAlias', name: 'build', target: 'version' },
      { id: 'attributes', attributes: '17' },
    ]);
  });

  test('`columns` says the same once more', async () => {
    const plugin = table({});
    expect(await plugin.call(request({ action: 'columns' }))).toEqual({
      code: 0,
      message: 'OK',
      rows: plugin.route,
    });
  });
});

describe('generate', () => {
  async function rowsOf(rows: Parameters<typeof Object.entries>[0][]): Promise<[string, unknown][][]> {
    const plugin = tablePlugin({ name: 't', columns: {}, generate: () => rows });
    const reply = await plugin.call(request({ action: 'generate' }));
    return reply.rows.map((row) => [...row]);
  }

  test('values become text; what is null, undefined or left out is NULL', async () => {
    const unsigned = 18446744073709551615n;
    expect(
      await rowsOf([
        { text: 'x', empty: '', int: -1, yes: true, no: false, big: unsigned, real: 0.5 },
        { text: null, int: undefined, rowid: 7 },
      ]),
    ).toEqual([
      [
        ['text', 'x'],
        ['empty', ''],
        ['int', '-1'],
        ['yes', '1'],
        ['no', '0'],
        ['big', '18446744073709551615'],
        ['real', '0.5'],
      ],
      [['rowid', '7']],
    ]);
  });

  test('bytes stay bytes, and a column may be called __proto__', async () => {
    const row = JSON.parse('{"__proto__":"p"}');
    expect(await rowsOf([{ blob: Buffer.of(0xff, 0) }, row])).toEqual([
      [['blob', Buffer.of(0xff, 0)]],
      [['__proto__', 'p']],
    ]);
  });

  test('rows may come from anything that can be gone through', async () => {
    function* generate() {
      yield { k: 'one' };
      yield { k: 'two' };
    }
    const { rows } = await table({ generate }).call(request({ action: 'generate' }));
    expect(rows).toEqual([new Map([['k', 'one']]), new Map([['k', 'two']])]);
  });

  test('what it throws is thrown on', async () => {
    const plugin = table({
      generate() {
        throw new Error('no access');
      },
    });
    await expect(async () => plugin.call(request({ action: 'generate' }))).rejects.toThrow('no access');
  });
});

describe('the context of a query', () => {
  async function contextOf(context?: string | Buffer): Promise<QueryContext<'k' | 'n' | 'd'>> {
    let seen: QueryContext<'k' | 'n' | 'd'> | undefined;
    const plugin = table({
      generate(of) {
        seen = of;
        return [];
      },
    });
    await plugin.call(
      request(context === undefined ? { action: 'generate' } : { action: 'generate', context }),
    );
    if (seen === undefined) throw new Error('generate was not called');
    return seen;
  }

  const list = (...ops: (number | string)[]) => ops.map((op) => ({ op, expr: `of ${op}` }));

  test('all operators of osquery, and none that it hands on from SQLite (LIMIT, OFFSET, <>)', async () => {
    const ops = [2, 4, 8, 16, 32, 64, 65, 66, 67, 68, 73, 74, 1, 'x', '2'];
    const context = await contextOf(
      JSON.stringify({
        constraints: [
          { name: 'k', list: list(...ops), affinity: 'TEXT' },
          { name: 'n', list: [], affinity: 'BIGINT' },
        ],
        colsUsed: ['k'],
        colsUsedBitset: 1,
      }),
    );

    expect(context.constraints('k').map(({ operator }) => operator)).toEqual([
      '=',
      '>',
      '<=',
      '<',
      '>=',
      'MATCH',
      'LIKE',
      'GLOB',
      'REGEXP',
      '=',
    ]);
    expect(context.equals('k')).toEqual(['of 2', 'of 2']);
    expect([context.constraints('n'), context.constraints('d')]).toEqual([[], []]);
    expect([context.uses('k'), context.uses('n')]).toEqual([true, false]);
  });

  test('a value is text, also when it is not UTF-8 or was written as a number', async () => {
    const before = Buffer.from('{"constraints":[{"name":"k","list":[{"op":2,"expr":5},{"op":2,"expr":"');
    const context = await contextOf(Buffer.concat([before, Buffer.of(0xff), Buffer.from('"}]}]}')]));

    expect(context.equals('k').map((value) => encodeText(value))).toEqual([
      Buffer.from('5'),
      Buffer.of(0xff),
    ]);
  });

  test.each([
    ['none at all', undefined],
    ['no JSON', '{"constraints":'],
    ['null', 'null'],
    ['an array', '[1]'],
    ['other types', '{"constraints":{"k":1},"colsUsed":"k"}'],
    [
      'an empty list as a string, and nonsense in the list',
      '{"constraints":[{"name":"k","list":""},null,5]}',
    ],
  ])('%s is a query without constraints that may use every column', async (_, text) => {
    const context = await contextOf(text);
    expect([context.constraints('k'), context.columnsUsed, context.uses('d')]).toEqual([[], undefined, true]);
  });
});

describe('writing', () => {
  async function answer(plugin: ReturnType<typeof table>, values: Values): Promise<unknown> {
    const { code, rows } = await plugin.call(request({ context: '{"constraints":[]}', ...values }));
    expect([code, rows.length]).toEqual([0, 1]);
    return Object.fromEntries(rows[0] ?? []);
  }

  test('a table without a method for it is read-only', async () => {
    for (const action of ['insert', 'update', 'delete']) {
      expect(await answer(table({}), { action, id: '1', json_value_array: '["a",1,1.5]' })).toEqual({
        status: 'readonly',
      });
    }
  });

  test('a row comes with its values by column, and gets the id that the method returns', async () => {
    const seen: unknown[] = [];
    const plugin = table({
      insert(row, rowid) {
        seen.push(row, rowid);
        return rowid === undefined ? 9007199254740993n : undefined;
      },
    });
    const json_value_array = '["ü\\"]",9007199254740993,1e308]';

    expect(await answer(plugin, { action: 'insert', auto_rowid: 'false', json_value_array })).toEqual({
      status: 'success',
      id: '9007199254740993',
    });
    expect(
      await answer(plugin, { action: 'insert', auto_rowid: 'true', id: '50', json_value_array }),
    ).toEqual({
      status: 'success',
      id: '50',
    });
    const row = { k: 'ü"]', n: 9007199254740993n, d: 1e308 };
    expect(seen).toEqual([row, undefined, row, '50']);
  });

  test('an update comes with the old id and the new one, a delete with the id', async () => {
    const seen: unknown[] = [];
    const plugin = table({
      update: (...all) => void seen.push(all),
      delete: async (rowid) => void seen.push(rowid),
    });
    const json_value_array = '[null,-3,0]';

    expect(await answer(plugin, { action: 'update', id: '1', json_value_array })).toEqual({
      status: 'success',
    });
    await answer(plugin, { action: 'update', id: '1', new_id: '2', json_value_array });
    expect(await answer(plugin, { action: 'delete', id: '2' })).toEqual({ status: 'success' });
    const row = { k: null, n: -3, d: 0 };
    expect(seen).toEqual([['1', row, undefined], ['1', row, '2'], '2']);
  });

  test('values are exact: large integers, bytes that are not UTF-8, and one more for each alias of a column', async () => {
    let seen: unknown;
    const plugin = tablePlugin({
      name: 't',
      columns: {
        k: { type: 'TEXT', aliases: ['title'] },
        n: 'BIGINT',
        ...JSON.parse('{"__proto__":"INTEGER"}'),
      },
      generate: () => [],
      insert(row) {
        seen = row;
        return 1;
      },
    });
    const json_value_array = Buffer.concat([
      Buffer.from('["'),
      Buffer.of(0xff),
      Buffer.from('\\u0000",-9223372036854775808,5,"old"]'),
    ]);
    expect(await answer(plugin, { action: 'insert', json_value_array })).toEqual({
      status: 'success',
      id: '1',
    });

    expect(Object.entries(seen ?? {})).toEqual([
      ['k', '\udcff\0'],
      ['n', -9223372036854775808n],
      ['__proto__', 5],
    ]);
  });

  test('a value of many megabytes is read', async () => {
    let length = 0;
    const plugin = table({
      insert(row) {
        length = String(row.k).length;
        return 1;
      },
    });
    const json_value_array = JSON.stringify([`${'\\'.repeat(10_000_000)}${'x'.repeat(10_000_000)}`, 1, 1.5]);
    expect(await answer(plugin, { action: 'insert', json_value_array })).toEqual({
      status: 'success',
      id: '1',
    });
    expect(length).toBe(20_000_000);
  });

  test.each<[string, Values, object]>([
    [
      'an array that osqueryd cut off at an infinite number',
      { action: 'insert', json_value_array: '["inf",1,' },
      { status: 'failure', message: 'osqueryd wrote 2 values for 3 columns' },
    ],
    [
      'no array',
      { action: 'insert' },
      { status: 'failure', message: 'osqueryd wrote 0 values for 3 columns' },
    ],
    [
      'an insert without an id',
      { action: 'insert', json_value_array: '["noid",1,1.5]' },
      { status: 'failure', message: 't: insert returned no rowid' },
    ],
    [
      'an error',
      { action: 'insert', json_value_array: '["fail",1,1.5]' },
      { status: 'failure', message: 'custom failure text' },
    ],
    [
      'a violated constraint',
      { action: 'insert', json_value_array: '["dup",1,1.5]' },
      { status: 'constraint', message: 'k is taken' },
    ],
    ['a delete that fails later', { action: 'delete', id: '4' }, { status: 'failure', message: 'locked' }],
  ])('%s is one row that says so', async (_, values, expected) => {
    const plugin = table({
      insert({ k }) {
        if (k === 'fail') throw new Error('custom failure text');
        if (k === 'dup') throw new ConstraintError('k is taken');
        return undefined;
      },
      delete: () => Promise.reject(new Error('locked')),
    });
    expect(await answer(plugin, values)).toEqual(expected);
  });

  test('an update or a delete without an id is refused', async () => {
    const plugin = table({ update() {}, delete() {} });
    for (const action of ['update', 'delete']) {
      expect(await plugin.call(request({ action, json_value_array: '["a",1,1.5]' }))).toEqual({
        code: 1,
        message: `${action} without a rowid`,
        rows: [],
      });
    }
  });
});

test('an action that no table has is a failure', async () => {
  expect(await table({}).call(request({ action: 'vacuum' }))).toMatchObject({
    code: 1,
    message: 'a table has no action vacuum',
  });
  expect(await table({}).call(request({}))).toMatchObject({ code: 1 });
});
