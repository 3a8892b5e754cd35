import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { textEntries } from '../stand-in/thrift-lite.ts';
import { textMap, type Wire, wireTypes } from './wire.ts';

export type Row = ReadonlyMap<string, string>;

/** What core answers to `options()`: the recorded table of all flags, with other values for some. */
export function optionsReply(values: Readonly<Record<string, string>>): Wire {
  const recorded = recordedOptions();
  for (const [name, value] of Object.entries(values)) {
    const known = recorded.get(name);
    recorded.set(name, { default_value: '', type: 'string', ...known, value });
  }
  const map = [...recorded].map(
    ([name, { value, default_value, type }]) =>
      [
        { text: name },
        {
          struct: [
            [1, { text: value }],
            [2, { text: default_value }],
            [3, { text: type }],
          ],
        },
      ] as const,
  );
  return { map, keys: wireTypes.text, values: wireTypes.struct };
}

interface Option {
  readonly value: string;
  readonly default_value: string;
  readonly type: string;
}

function recordedOptions(): Map<string, Option> {
  const path = fileURLToPath(new URL('../traces/register-and-options.ndjson', import.meta.url));
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (!line.includes('"method": "options"') && !line.includes('"method":"options"')) continue;
    const { decoded } = JSON.parse(line);
    if (decoded.kind === 'reply') return new Map(Object.entries<Option>(decoded.result));
  }
  throw new Error(`${path} holds no answer to options()`);
}

/** The rows of the tables that describe a host, which is always the same one. */
const tables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  os_version: { name: 'Testux', version: '1.0', major: '1', minor: '0', platform: 'linux', arch: 'x86_64' },
  osquery_info: {
    pid: '1',
    uuid: '4740d59f-699e-5b29-960b-979aaf9bbeeb',
    instance_id: '89f267fa-9a17-4a73-87d6-05197491f2e8',
    version: '5.23.0',
    config_hash: '',
    config_valid: '1',
    extensions: 'active',
    build_platform: 'linux',
    build_distro: 'centos7',
    start_time: '1462228052',
    watcher: '1',
    platform_mask: '9',
  },
  platform_info: { vendor: 'Testux', version: '1.0', date: '01/01/2020', revision: '0.0' },
  system_info: {
    hostname: 'chaos-host',
    uuid: '4740d59f-699e-5b29-960b-979aaf9bbeeb',
    cpu_type: 'x86_64',
    cpu_brand: 'Test',
    physical_memory: '8589934592',
    hardware_vendor: 'Test',
    hardware_model: 'Test',
    hardware_serial: '1',
    computer_name: 'chaos-host',
    local_hostname: 'chaos-host',
  },
};

/** The rows of the table that a statement reads, or of the named one. */
export function hostRows(sql: string): Row[] {
  const name = Object.keys(tables).find((table) => sql.includes(table));
  return name === undefined ? [] : [new Map(Object.entries(tables[name] ?? {}))];
}

export function rowsWire(rows: readonly Row[]): Wire {
  return { list: rows.map((row) => textMap(row)), of: wireTypes.map };
}

/** Core's database, which outlives every extension. */
export class CoreDatabase {
  readonly #domains = new Map<string, Map<string, string>>();

  /** @returns `undefined` for a failure. */
  call(request: ReadonlyMap<string, string>): Row[] | undefined {
    const domain = this.#domain(request.get('domain') ?? '');
    const key = request.get('key') ?? '';
    switch (request.get('action')) {
      case 'get': {
        const value = domain.get(key);
        return value === undefined ? undefined : [new Map([['v', value]])];
      }
      case 'put':
        domain.set(key, request.get('value') ?? '');
        return [];
      case 'putBatch':
        for (const [name, value] of Object.entries<string>(JSON.parse(request.get('json') ?? '{}'))) {
          domain.set(name, value);
        }
        return [];
      case 'remove':
        domain.delete(key);
        return [];
      case 'remove_range': {
        const high = request.get('key_high') ?? '';
        for (const name of domain.keys()) if (name >= key && name <= high) domain.delete(name);
        return [];
      }
      case 'scan': {
        const prefix = request.get('prefix') ?? '';
        const most = Number(request.get('max') ?? 0) || Number.POSITIVE_INFINITY;
        const names = [...domain.keys()].filter((name) => name.startsWith(prefix)).sort();
        return names.slice(0, most).map((name) => new Map([['k', name]]));
      }
      default:
        return undefined;
    }
  }

  #domain(name: string): Map<string, string> {
    const domain = this.#domains.get(name) ?? new Map<string, string>();
    this.#domains.set(name, domain);
    return domain;
  }
}

/** The argument map of a call. */
export function requestOf(value: Parameters<typeof textEntries>[0]): Map<string, string> {
  return new Map(textEntries(value));
}
