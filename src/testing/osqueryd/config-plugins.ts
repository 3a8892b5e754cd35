import { readFileSync } from 'node:fs';
import { type ByteString, type Config, toBytes } from './engine/index.ts';
import type { Flags } from './flags.ts';
import { failed, type PluginReply, type Row, succeeded } from './status.ts';

/** Core's own config plugins: `filesystem`, and `update`, through which extensions push a config. */
export async function callConfigPlugin(
  item: ByteString,
  request: Row,
  { flags, config }: { readonly flags: Flags; readonly config: Config },
): Promise<PluginReply> {
  const action = request.get('action');
  const source = request.get('source');
  const data = request.get('data');
  const name = request.get('name') ?? '';
  switch (action) {
    case undefined:
      return failed('Config plugins require an action');
    case 'genConfig':
      if (item === 'update') return { code: 0, message: 'Unused', rows: [new Map()] };
      return item === 'filesystem'
        ? readConfigFile(flags.text('config_path'))
        : failed('No such config plugin');
    case 'update': {
      if (source === undefined || data === undefined) return failed('Missing source or data');
      return { ...(await config.update(new Map([[source, data]]))), rows: [] };
    }
    case 'option':
      return succeeded([
        new Map([
          ['name', name],
          ['value', toBytes(flags.text(name))],
        ]),
      ]);
    default:
      return failed('Unknown action');
  }
}

function readConfigFile(path: string): PluginReply {
  try {
    return succeeded([new Map([[toBytes(path), readFileSync(path).toString('latin1')]])]);
  } catch {
    return failed(toBytes(`config file does not exist: ${path}`));
  }
}
