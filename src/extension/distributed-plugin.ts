import type { JsonText } from './config-plugin.ts';
import { failure, ok, oneRow, type Plugin } from './plugin.ts';

/**
 * A distributed plugin: osqueryd asks it for ad-hoc queries every `distributed_interval` seconds and hands the results
 * back, when `--distributed_plugin` names it and `--disable_distributed=false` is set.
 */
export interface DistributedPlugin {
  readonly name: string;
  /** The queries that wait. `undefined` is no work. A failure is the same to osqueryd. */
  getQueries():
    | DistributedQueries
    | JsonText
    | undefined
    | Promise<DistributedQueries | JsonText | undefined>;
  /**
   * Takes results, as the JSON text that osqueryd wrote; `parseResults` reads it. Throw to refuse: osqueryd keeps all
   * results in memory then, without a limit, and hands them over again with the next ones.
   */
  writeResults(results: Buffer): void | Promise<void>;
}

/** Ad-hoc queries (section F.2 of the protocol). */
export interface DistributedQueries {
  /** SQL by query id. */
  readonly queries: Readonly<Record<string, string>>;
  /** SQL by query id; the query of the same id runs only where this one returns rows. */
  readonly discovery?: Readonly<Record<string, string>>;
  /** For so many seconds osqueryd asks every 5 s. */
  readonly accelerate?: number;
}

/** Results of ad-hoc queries, by query id. */
export interface DistributedResults {
  readonly queries: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
  /** 0 is success. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Errors of the queries that failed. Not sent by osquery before 3.0. */
  readonly messages?: Readonly<Record<string, string>>;
}

/** Reads what `writeResults` was given. Values that are not UTF-8 lose their bytes; keep the text where that matters. */
export function parseResults(results: Buffer): DistributedResults {
  return JSON.parse(results.toString('utf8')) as DistributedResults;
}

/** Makes a plugin of the registry `distributed`. */
export function distributedPlugin(plugin: DistributedPlugin): Plugin {
  return {
    registry: 'distributed',
    name: plugin.name,
    route: [],
    async call(request) {
      const action = request.get('action')?.toString();
      switch (action) {
        case 'getQueries':
          return oneRow(['results', queriesText(await plugin.getQueries())]);
        case 'writeResults':
          await plugin.writeResults(request.get('results') ?? Buffer.from('{}'));
          return ok;
        default:
          return failure(`a distributed plugin has no action ${action ?? '(none given)'}`);
      }
    },
  };
}

function queriesText(queries: DistributedQueries | JsonText | undefined): JsonText {
  if (queries === undefined) return '{}';
  return typeof queries === 'string' || queries instanceof Uint8Array ? queries : JSON.stringify(queries);
}
