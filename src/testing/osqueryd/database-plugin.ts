import type { Database } from './database.ts';
import { fromBytes, toBytes } from './engine/index.ts';
import { failed, type PluginReply, type Row, succeeded } from './status.ts';

/** A plugin's code threw: what the registry makes of it is told by the caller. */
export class PluginException extends Error {
  override readonly name = 'PluginException';
}

/** Answers `call('database', …)` as osqueryd's DatabasePlugin over RocksDB does. */
export function callDatabase(database: Database, request: Row): PluginReply {
  const action = request.get('action');
  if (action === undefined) return failed('Database plugin must include a request action');
  const domain = request.get('domain') ?? '';
  const key = request.get('key') ?? '';
  const noDomain = database.has(domain) ? undefined : failed(`Could not get column family for ${domain}`);
  switch (action) {
    case 'get': {
      if (noDomain !== undefined) return noDomain;
      const value = database.get(domain, key);
      return value === undefined ? failed('NotFound: ') : succeeded([new Map([['v', value]])]);
    }
    case 'put': {
      const value = request.get('value');
      if (value === undefined) return failed('Database plugin put action requires a value');
      if (noDomain !== undefined) return noDomain;
      database.put(domain, key, value);
      return succeeded();
    }
    case 'putBatch':
      return noDomain ?? putBatch(database, domain, request.get('json'));
    case 'remove':
      if (noDomain !== undefined) return noDomain;
      database.remove(domain, key);
      return succeeded();
    case 'remove_range': {
      const high = request.get('key_high') ?? '';
      if (key === '' || high === '') return failed('Missing range');
      if (key > high) return failed('Invalid range: low > high');
      if (noDomain !== undefined) return noDomain;
      database.removeRange(domain, key, high);
      return succeeded();
    }
    case 'scan': {
      const prefix = request.get('prefix');
      if (prefix === undefined) throw new PluginException('map::at');
      if (noDomain !== undefined) return noDomain;
      const max = Number.parseInt(request.get('max') ?? '0', 10) || 0;
      return succeeded(database.scan(domain, prefix, max).map((one) => new Map([['k', one]])));
    }
    default:
      return failed('Unknown database plugin action');
  }
}

function putBatch(database: Database, domain: string, json: string | undefined): PluginReply {
  if (json === undefined) return failed('Database plugin putBatch action requires a json');
  let values: unknown;
  try {
    values = JSON.parse(fromBytes(json));
  } catch {
    return failed('Cannot parse JSON: Invalid value. Offset: 1');
  }
  const entries = typeof values === 'object' && values !== null ? Object.entries(values) : [];
  if (!entries.every(([, value]) => typeof value === 'string')) {
    return failed(
      'Database plugin putBatch action with an invalid json received. Only string values are supported',
    );
  }
  for (const [key, value] of entries) database.put(domain, toBytes(key), toBytes(String(value)));
  return succeeded();
}
