import { callDatabase } from '../../../src/testing/osqueryd/database-plugin.ts';
import { Database, Flags, type PluginReply, type Row } from '../../../src/testing/osqueryd/index.ts';
import { managerMethods } from '../../../src/testing/osqueryd/manager.ts';
import { ManagerServer, type Method } from '../../../src/testing/osqueryd/manager-server.ts';
import { Registry } from '../../../src/testing/osqueryd/registry.ts';

const succeeded: PluginReply = { code: 0, message: 'OK', rows: [] };
const noSql: PluginReply = { code: 1, message: 'no SQL here', rows: [] };

/** A configuration that was brought to osqueryd without being asked for. */
export interface Pushed {
  readonly source: string;
  readonly data: string;
  /** Whether osqueryd was waiting for an answer of a plugin: then both would wait for each other. */
  readonly insideCall: boolean;
}

/**
 * The extension manager alone, on a real socket: the recorded flag table, a database, four tables, and `config/update`.
 * No schedule and no loops, so that a test says when a plugin is called.
 */
export class FakeCore {
  readonly socket: string;
  readonly database = new Database();
  readonly pushed: Pushed[] = [];
  /** Calls in order: `options`, `table os_version`, `database get nodeKey`, `config update`. */
  readonly calls: string[] = [];
  /** Plugin calls that osqueryd waits for. */
  waiting = 0;
  flags: Flags;
  tables: Record<string, Record<string, string>[]> = {
    os_version: [{ name: 'Debian', version: '12' }],
    osquery_info: [
      { version: '5.23.0', uuid: 'the-uuid', instance_id: 'the-instance', platform_mask: '9', pid: '1' },
    ],
    platform_info: [{ vendor: 'made up' }],
    system_info: [{ hostname: 'fqdn.example.test' }],
  };
  /** What `config/update` says. */
  updateReply: PluginReply = succeeded;
  #server: ManagerServer | undefined;

  constructor(socket: string, argv: readonly string[]) {
    this.socket = socket;
    this.flags = new Flags(argv);
  }

  async start(): Promise<void> {
    this.#server = new ManagerServer(this.#methods());
    await this.#server.listen(this.socket);
  }

  stop(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  nodeKey(): string | undefined {
    return this.database.get('configurations', 'nodeKey');
  }

  nodeKeyTime(): string | undefined {
    return this.database.get('configurations', 'nodeKeyTime');
  }

  setNodeKey(key: string, time: number): void {
    this.database.put('configurations', 'nodeKey', key);
    this.database.put('configurations', 'nodeKeyTime', String(time));
  }

  #methods(): Map<string, Method> {
    const tables = { attach: () => succeeded, detach: () => {} };
    let issued = 0;
    return managerMethods({
      registry: new Registry(
        tables,
        () => {},
        () => ++issued,
      ),
      options: () => {
        this.calls.push('options');
        return this.flags.options();
      },
      registered: () => {},
      query: async () => noSql,
      queryColumns: async () => noSql,
      call: async ({ registry, item, request }) => this.#call(registry, item, request),
    });
  }

  #call(registry: string, item: string, request: Row): PluginReply {
    const action = request.get('action') ?? '';
    switch (registry) {
      case 'database':
        this.calls.push(`database ${action} ${request.get('key') ?? ''}`.trim());
        return callDatabase(this.database, request);
      case 'table':
        this.calls.push(`table ${item}`);
        return { ...succeeded, rows: (this.tables[item] ?? []).map((row) => new Map(Object.entries(row))) };
      default: {
        this.calls.push(`${registry} ${item}`);
        const { source = '', data = '' } = Object.fromEntries(request);
        const text = Buffer.from(data, 'latin1').toString();
        this.pushed.push({ source, data: text, insideCall: this.waiting > 0 });
        return this.updateReply;
      }
    }
  }
}
