import { ExtensionError } from './errors.ts';
import type { CallOptions, CoreRequest, ExtensionManager } from './extension-manager.ts';
import { textOfValue } from './rows.ts';

/** The domains of osqueryd's database. With RocksDB any other is an error. */
export type DatabaseDomain =
  | 'configurations'
  | 'queries'
  | 'events'
  | 'logs'
  | 'carves'
  | 'distributed'
  | 'distributed_running'
  | 'query_performance';

/**
 * osqueryd's own database, over its `database` plugin. Writes are not synced to the disk. Stay away from the keys that
 * osqueryd uses itself (`nodeKey`, `host_uuid_v3`, `tls...` in `logs` and so on).
 */
export class CoreDatabase {
  readonly #manager: Pick<ExtensionManager, 'call'>;

  constructor(manager: Pick<ExtensionManager, 'call'>) {
    this.#manager = manager;
  }

  /** The value of a key; `undefined` when there is none. */
  async get(domain: DatabaseDomain, key: string, options?: CallOptions): Promise<string | undefined> {
    try {
      const [row] = await this.#call({ action: 'get', domain, key }, options);
      return textOfValue(row?.get('v'));
    } catch (error) {
      // osqueryd has one code for a key that is missing and for every other failure to read.
      if (error instanceof ExtensionError && error.code === 'refused') return undefined;
      throw error;
    }
  }

  async put(domain: DatabaseDomain, key: string, value: string, options?: CallOptions): Promise<void> {
    await this.#call({ action: 'put', domain, key, value }, options);
  }

  /** Writes several keys in one step. */
  async putBatch(
    domain: DatabaseDomain,
    values: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<void> {
    await this.#call({ action: 'putBatch', domain, json: JSON.stringify(values) }, options);
  }

  /** Removes a key. That it is missing is no error. */
  async remove(domain: DatabaseDomain, key: string, options?: CallOptions): Promise<void> {
    await this.#call({ action: 'remove', domain, key }, options);
  }

  /** Keys that begin with `prefix`, in the order of their bytes. `max` 0 is all. */
  async scan(domain: DatabaseDomain, prefix = '', max = 0, options?: CallOptions): Promise<string[]> {
    const rows = await this.#call({ action: 'scan', domain, prefix, max: String(max) }, options);
    return rows.map((row) => textOfValue(row.get('k')) ?? '');
  }

  #call(request: CoreRequest, options?: CallOptions): Promise<Map<string, Buffer>[]> {
    return this.#manager.call('database', '', request, options);
  }
}
