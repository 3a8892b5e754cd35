import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { HostDetails } from '../api.ts';
import type { ExtensionManager } from '../extension/index.ts';

/** The tables of which the first row goes into `host_details`, in osquery's order. */
const detailTables = ['os_version', 'osquery_info', 'platform_info', 'system_info'] as const;

const callMs = 10_000;

/** osquery's bit masks (`platform_type.h`), for when `osquery_info` does not say. */
const platformMasks: Partial<Record<NodeJS.Platform, string>> = {
  linux: '9',
  darwin: '21',
  win32: '2',
  freebsd: '37',
};

/** Who this host is, as osqueryd knows it. */
export class HostIdentity {
  readonly #manager: Pick<ExtensionManager, 'call'>;
  /** osqueryd keeps its own for `ephemeral` to itself: this is one of our process. */
  readonly #ephemeral = randomUUID();
  #details: HostDetails = {};

  constructor(manager: Pick<ExtensionManager, 'call'>) {
    this.#manager = manager;
  }

  /** Reads the tables anew. What cannot be read stays as it was. */
  async refresh(): Promise<void> {
    const read = await Promise.all(detailTables.map((table) => this.#firstRow(table)));
    const details: Record<string, Record<string, string>> = { ...this.#details };
    for (const [i, table] of detailTables.entries()) {
      const row = read[i];
      if (row !== undefined) details[table] = row;
    }
    this.#details = details;
  }

  /** First rows of the tables; a table without rows is left out. All values are text. */
  get details(): HostDetails {
    return this.#details;
  }

  /** Version of osqueryd, empty if unknown. */
  get version(): string {
    return this.#details['osquery_info']?.['version'] ?? '';
  }

  /** Which process osqueryd is: another text after it was started again. */
  get instance(): string {
    const info = this.#details['osquery_info'];
    return `${info?.['pid'] ?? ''}:${info?.['start_time'] ?? ''}`;
  }

  get platformType(): string {
    return this.#details['osquery_info']?.['platform_mask'] || platformMasks[process.platform] || '1';
  }

  /** By `--host_identifier`; what is not known, and what is empty, is the host name, as in osqueryd. */
  identifier(kind: string, specified: string): string {
    const info = this.#details['osquery_info'];
    const kinds = new Map([
      ['uuid', info?.['uuid']],
      ['instance', info?.['instance_id']],
      ['ephemeral', this.#ephemeral],
      ['specified', specified],
    ]);
    return kinds.get(kind) || hostname().trim();
  }

  async #firstRow(table: string): Promise<Record<string, string> | undefined> {
    try {
      const [row] = await this.#manager.call('table', table, { action: 'generate' }, { timeoutMs: callMs });
      return row && Object.fromEntries(Array.from(row, ([name, value]) => [name, value.toString('utf8')]));
    } catch {
      return undefined;
    }
  }
}
