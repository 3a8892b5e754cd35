import {
  type CoreRequest,
  ExtensionError,
  ExtensionManager,
  type OsqueryOption,
} from '../../../extension/index.ts';

/** First rows of osqueryd's tables. */
const tables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  os_version: { name: 'Debian GNU/Linux', version: '12', major: '12' },
  osquery_info: {
    version: '5.23.0',
    uuid: 'made-up-uuid',
    instance_id: 'made-up-instance',
    platform_mask: '9',
  },
  platform_info: { vendor: 'made up' },
  system_info: { hostname: 'host.example.test', hardware_serial: 'made-up-serial' },
};

/** osqueryd, as far as a client asks it: flags, four tables, its database, and `config/update`. */
export class Core extends ExtensionManager {
  pushed: string | undefined;
  readonly #flags: Readonly<Record<string, string>>;
  readonly #database: Map<string, string>;

  constructor(flags: Readonly<Record<string, string>>, database: Map<string, string>) {
    super('/nowhere');
    this.#flags = flags;
    this.#database = database;
  }

  override async options(): Promise<Map<string, OsqueryOption>> {
    const entries = Object.entries(this.#flags);
    return new Map(entries.map(([name, value]) => [name, { value, defaultValue: '', type: 'string' }]));
  }

  override async call(registry: string, item: string, request: CoreRequest): Promise<Map<string, Buffer>[]> {
    const field = (name: string) => Buffer.from(request[name] ?? '').toString();
    if (registry === 'table') return [rowOf(tables[item] ?? {})];
    if (registry === 'config') {
      this.pushed = field('data');
      return [];
    }
    switch (field('action')) {
      case 'get': {
        const value = this.#database.get(field('key'));
        if (value === undefined) throw new ExtensionError('refused', 'database: no such key');
        return [rowOf({ v: value })];
      }
      case 'putBatch':
        for (const [key, value] of Object.entries(JSON.parse(field('json')) as Record<string, string>)) {
          this.#database.set(key, value);
        }
        return [];
      default:
        throw new ExtensionError('refused', `${registry}: not needed here`);
    }
  }
}

function rowOf(row: Readonly<Record<string, string>>): Map<string, Buffer> {
  return new Map(Object.entries(row).map(([name, value]) => [name, Buffer.from(value)]));
}
