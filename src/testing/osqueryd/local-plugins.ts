import { existsSync } from 'node:fs';
import { builtInPlugins } from './built-in-plugins.ts';
import { callConfigPlugin } from './config-plugins.ts';
import type { Core } from './core.ts';
import type { Database } from './database.ts';
import { callDatabase, PluginException } from './database-plugin.ts';
import { type ByteString, toBytes } from './engine/index.ts';
import { callLocalLogger } from './local-loggers.ts';
import type { LocalPlugin } from './plugin-calls.ts';
import { failed, type PluginReply, type Row, succeeded } from './status.ts';

/**
 * What core's own plugins answer, by registry.
 * @param crash called for a call that osqueryd does not survive.
 */
export function localPlugins(
  core: Core,
  database: Database,
  crash: () => void,
): ReadonlyMap<string, LocalPlugin> {
  return new Map<string, LocalPlugin>([
    ['config', (item, request) => callConfigPlugin(item, request, core)],
    [
      'database',
      (item, request) =>
        item === 'ephemeral'
          ? failed(`Domain ${request.get('domain') ?? ''} does not exist`)
          : callDatabase(database, request),
    ],
    [
      'distributed',
      (_item, request) => failed(`Distributed plugin action unknown: ${request.get('action') ?? ''}`),
    ],
    ['enroll', () => enroll(core)],
    ['logger', (item, request) => callLogger(core, item, request, crash)],
    ['sql', (_item, request) => callSql(core, request)],
    ['table', (item, request) => callTable(core, item, request)],
  ]);
}

/** Whether the stand-in can really make one of core's own plugins the active one. */
export function canActivate(registry: string, name: string): boolean {
  if (registry === 'config') return name === 'filesystem' || name === 'update';
  if (registry === 'logger') return name === 'filesystem' || name === 'stdout';
  return !(builtInPlugins.get(registry) ?? []).includes(name);
}

function callLogger(core: Core, item: ByteString, request: Row, crash: () => void): PluginReply {
  const logger = core.localLoggers.get(item);
  if (logger !== undefined) return callLocalLogger(logger, request);
  // The loggers that send have null pointers inside as long as they are not active.
  if (item !== 'syslog') crash();
  return succeeded();
}

/** The stand-in speaks to no server: an attempt of its own to enroll fails. */
function enroll({ flags, statusLog }: Core): PluginReply {
  const certificates = flags.text('tls_server_certs');
  if (!existsSync(certificates)) {
    const message = `Cannot read TLS server certificate(s): ${toBytes(certificates)}`;
    statusLog.sink({ severity: 1, file: 'tls.cpp', line: 116, message });
  }
  return failed('No enrollment key found/retrieved');
}

async function callSql(core: Core, request: Row): Promise<PluginReply> {
  const query = request.get('query');
  if (query === undefined) throw new PluginException('map::at');
  if (request.get('action') === 'query') return core.query(query);
  if (request.get('action') !== 'columns') return failed('Unknown action');
  const reply = await core.queryColumns(query);
  const rows = reply.rows.flatMap((row) =>
    [...row].map(
      ([name, type]) =>
        new Map([
          ['n', name],
          ['o', '0'],
          ['t', type],
        ]),
    ),
  );
  return { ...reply, rows };
}

function callTable({ tables }: Core, item: ByteString, request: Row): PluginReply {
  const action = request.get('action') ?? '';
  if (action === 'generate') return succeeded(tables.ownRows(item));
  if (action === 'columns') return succeeded(tables.ownRoute(item));
  return failed(`Unknown table plugin action: ${action}`);
}
