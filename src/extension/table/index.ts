export type { Collation, Column, Columns, ColumnType, Row, TableAttributes } from './columns.ts';
export type { Constraint, Operator, QueryContext } from './query-context.ts';
export { ConstraintError, type RowId, type RowsOf, type TablePlugin, tablePlugin } from './table-plugin.ts';
export type { WrittenRow, WrittenValue } from './written-values.ts';
