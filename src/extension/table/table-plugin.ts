import { textOf } from '../errors.ts';
import {
  failure,
  ok,
  oneRow,
  type Plugin,
  type PluginReply,
  type PluginRequest,
  type PluginRow,
} from '../plugin.ts';
import { decodeText } from '../wire/index.ts';
import { type Columns, type Row, type TableAttributes, tableRoute } from './columns.ts';
import { parseContext, type QueryContext } from './query-context.ts';
import { parseWrittenValues, type WrittenRow } from './written-values.ts';

/**
 * A table. Its columns decide what a row is: `{ pid: 'INTEGER', path: { type: 'TEXT', index: true } }` makes rows of
 * `{ pid?: number, path?: string }`.
 */
export interface TablePlugin<C extends Columns> {
  readonly name: string;
  readonly columns: C;
  /** Other names of the table. */
  readonly aliases?: readonly string[];
  readonly attributes?: TableAttributes;
  /** The rows. osquery filters them once more, so constraints are for doing less. Throw to fail the statement. */
  generate(context: QueryContext<keyof C & string>): RowsOf<C> | Promise<RowsOf<C>>;
  /**
   * Adds a row. Returns its rowid, unless the statement gave one (`rowid`). A table whose rows are to be updated or
   * deleted gives each row a `rowid` in `generate`.
   */
  insert?(row: WrittenRow<C>, rowid: string | undefined): RowId | undefined | Promise<RowId | undefined>;
  update?(rowid: string, row: WrittenRow<C>, newRowid: string | undefined): void | Promise<void>;
  delete?(rowid: string): void | Promise<void>;
}

export type RowId = number | bigint | string;

export type RowsOf<C extends Columns> = Iterable<Row<C> & { readonly rowid?: RowId }>;

/** Throw it in `insert`, `update` or `delete`: SQLite then treats it as a violated constraint (`INSERT OR IGNORE`). */
export class ConstraintError extends Error {
  override readonly name = 'ConstraintError';
}

/** Makes a plugin of the registry `table`. */
export function tablePlugin<const C extends Columns>(table: TablePlugin<C>): Plugin {
  const route = tableRoute(table.columns, table.aliases ?? [], table.attributes ?? {});
  return {
    registry: 'table',
    name: table.name,
    route,
    call(request) {
      const action = request.get('action')?.toString();
      switch (action) {
        case 'columns':
          return { ...ok, rows: route };
        case 'generate':
          return generate(table, request);
        case 'insert':
        case 'update':
        case 'delete':
          return write(table, action, request);
        default:
          return failure(`a table has no action ${action ?? '(none given)'}`);
      }
    },
  };
}

async function generate<C extends Columns>(
  table: TablePlugin<C>,
  request: PluginRequest,
): Promise<PluginReply> {
  const rows = await table.generate(parseContext<keyof C & string>(request.get('context')));
  return { ...ok, rows: Array.from(rows, rowOf) };
}

function rowOf(values: Readonly<Record<string, unknown>>): PluginRow {
  const row = new Map<string, string | Uint8Array>();
  for (const name of Object.keys(values)) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    if (typeof value === 'string' || value instanceof Uint8Array) row.set(name, value);
    else row.set(name, typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
  }
  return row;
}

/** Answers a statement that writes. osqueryd wants exactly one row, also for a failure. */
async function write<C extends Columns>(
  table: TablePlugin<C>,
  action: 'insert' | 'update' | 'delete',
  request: PluginRequest,
): Promise<PluginReply> {
  if (table[action] === undefined) return oneRow(['status', 'readonly']);
  const rowid = request.get('id')?.toString();
  const values = () =>
    parseWrittenValues(decodeText(request.get('json_value_array') ?? Buffer.from('[]')), table.columns);
  try {
    if (action === 'insert') {
      const id = (await table.insert?.(values(), rowid)) ?? rowid;
      return id === undefined
        ? oneRow(['status', 'failure'], ['message', `${table.name}: insert returned no rowid`])
        : oneRow(['status', 'success'], ['id', String(id)]);
    }
    if (rowid === undefined) return failure(`${action} without a rowid`);
    if (action === 'update') await table.update?.(rowid, values(), request.get('new_id')?.toString());
    else await table.delete?.(rowid);
    return oneRow(['status', 'success']);
  } catch (error) {
    const status = error instanceof ConstraintError ? 'constraint' : 'failure';
    return oneRow(['status', status], ['message', textOf(error)]);
  }
}
