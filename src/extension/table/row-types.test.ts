import { expectTypeOf, test } from 'vitest';
import type { Row } from './columns.ts';
import { type RowId, tablePlugin } from './table-plugin.ts';
import type { WrittenValue } from './written-values.ts';

/** The compiler judges these: `npm run types` fails where one does not hold. */
test('the columns of a table decide what a row is', () => {
  const columns = {
    pid: 'INTEGER',
    path: { type: 'TEXT', index: true },
    inode: { type: 'UNSIGNED BIGINT' },
    start: 'BIGINT',
    share: 'DOUBLE',
    head: 'BLOB',
  } as const;

  expectTypeOf<Row<typeof columns>>().toEqualTypeOf<{
    readonly pid?: number | boolean | null | undefined;
    readonly path?: string | null | undefined;
    readonly inode?: number | bigint | null | undefined;
    readonly start?: number | bigint | null | undefined;
    readonly share?: number | null | undefined;
    readonly head?: string | Uint8Array | null | undefined;
  }>();
});

test('a definition needs no annotation for its rows, its constraints and what is written', () => {
  tablePlugin({
    name: 't',
    columns: { pid: 'INTEGER', path: { type: 'TEXT', required: true } },
    generate(context) {
      expectTypeOf(context.equals).parameter(0).toEqualTypeOf<'pid' | 'path'>();
      expectTypeOf(context.columnsUsed).toEqualTypeOf<ReadonlySet<'pid' | 'path'> | undefined>();
      return [{ pid: 1, path: '/', rowid: 5n }, { path: null }, {}];
    },
    insert(row, rowid) {
      expectTypeOf(row).toEqualTypeOf<{ readonly pid: WrittenValue; readonly path: WrittenValue }>();
      expectTypeOf(rowid).toEqualTypeOf<string | undefined>();
      return 1;
    },
  });
  expectTypeOf<RowId>().toEqualTypeOf<number | bigint | string>();
});

test('what does not fit the columns does not compile', () => {
  const columns = { pid: 'INTEGER', path: 'TEXT' } as const;
  expectTypeOf<{ pid: string }>().not.toExtend<Row<typeof columns>>();
  expectTypeOf<{ path: number }>().not.toExtend<Row<typeof columns>>();
  expectTypeOf<{ pid: number; path: string }>().toExtend<Row<typeof columns>>();
  // @ts-expect-error a type that osquery does not have
  tablePlugin({ name: 't', columns: { a: 'VARCHAR' }, generate: () => [] });
  // @ts-expect-error a column that the table does not have
  tablePlugin({ name: 't', columns: { a: 'TEXT' }, generate: () => [{ b: 'x' }] });
  // @ts-expect-error a value of another type
  tablePlugin({ name: 't', columns: { a: 'TEXT' }, generate: () => [{ a: 1 }] });
});
