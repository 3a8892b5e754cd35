import {
  type Column,
  type Columns,
  ConstraintError,
  configPlugin,
  distributedPlugin,
  loggerPlugin,
  type Plugin,
  type TableAttributes,
  tablePlugin,
} from '../../../src/extension/index.ts';
import type { RecordedExchange, Row } from './recorded.ts';

/** A plugin, written with the SDK, that does for one call what the recorded one did. */
export function pluginFor(exchange: RecordedExchange, routes: ReadonlyMap<string, readonly Row[]>): Plugin {
  const { answer, registry, item: name, request } = exchange;
  const rows = answer.kind === 'reply' ? answer.rows : [];
  const done = () => {
    if (answer.kind !== 'reply') throw new Error('the recorded plugin did something else');
    if (answer.code !== 0) throw new Error(answer.message);
  };
  const [first] = rows;
  switch (registry) {
    case 'config':
      return configPlugin({
        name,
        genConfig() {
          done();
          return Object.fromEntries(first ?? []);
        },
        genPack(pack) {
          done();
          return first?.get(pack);
        },
      });
    case 'distributed':
      return distributedPlugin({
        name,
        getQueries() {
          done();
          return first?.get('results');
        },
        writeResults: done,
      });
    case 'logger': {
      const features = request.has('action') && answer.kind === 'reply' ? answer.code : 0;
      return loggerPlugin({
        name,
        string: done,
        ...(((features & 1) > 0 || request.has('status')) && { status: done }),
        ...(((features & 2) > 0 || request.has('event')) && { event: done }),
        init: done,
      });
    }
    default:
      return recordedTable(exchange, routes.get(name) ?? [], done);
  }
}

function recordedTable(exchange: RecordedExchange, route: readonly Row[], done: () => void): Plugin {
  const { answer } = exchange;
  const rows = answer.kind === 'reply' ? answer.rows : [];
  const [first] = rows;
  const status = first?.get('status')?.toString();
  const write = () => {
    if (status === 'failure') throw new Error(first?.get('message')?.toString() ?? '');
    if (status === 'constraint') throw new ConstraintError();
    if (status !== 'success') throw new Error(`the recorded table answered ${status}`);
  };
  return tablePlugin({
    ...definitionOf(exchange.item, route),
    generate() {
      done();
      return rows.map((row) => Object.fromEntries(row));
    },
    ...(status !== 'readonly' && {
      insert() {
        write();
        return first?.get('id')?.toString();
      },
      update: write,
      delete: write,
    }),
  });
}

const optionNames = ['index', 'required', 'additional', 'optimized', 'hidden'] as const;

/** The definition that gives this route. */
export function definitionOf(name: string, route: readonly Row[]) {
  const columns: Record<string, Column> = {};
  const aliases: string[] = [];
  let attributes: TableAttributes = {};
  for (const row of route) {
    const text = (key: string) => row.get(key)?.toString() ?? '';
    if (row.get('id')?.toString() === 'column') {
      const bits = Number(text('op'));
      columns[text('name')] = {
        type: text('type') as Column['type'],
        ...Object.fromEntries(optionNames.map((option, i) => [option, (bits & (1 << i)) > 0])),
      };
    } else if (row.has('alias')) {
      aliases.push(text('alias'));
    } else if (row.has('target')) {
      const column = columns[text('target')];
      if (column !== undefined) columns[text('target')] = { ...column, aliases: [text('name')] };
    } else {
      attributes = { utility: text('attributes') === '1' };
    }
  }
  return { name, columns: columns as Columns, aliases, attributes };
}
