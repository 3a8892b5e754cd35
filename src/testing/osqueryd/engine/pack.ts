import { type ByteString, compareBytes } from './bytes.ts';
import { isArray, isNumber, isObject, type JsonObject, type JsonValue, member } from './json-reader.ts';
import type { StatusSink } from './status-line.ts';

/** A query of the schedule as it runs. */
export interface ScheduledQuery {
  /** As in log lines: the plain name in pack `main`, else `pack<d><pack><d><query>`. */
  readonly name: ByteString;
  readonly query: ByteString;
  /** Seconds, as configured. */
  readonly interval: number;
  /** Seconds after splay: the query runs when the second is a multiple of it. */
  readonly splayedInterval: number;
  readonly snapshot: boolean;
  /** False: removed rows are not logged. */
  readonly removed: boolean;
  readonly denylist: boolean;
}

/** A named set of queries from one config source. */
export interface Pack {
  readonly name: ByteString;
  readonly source: ByteString;
  /** Under their short names, in byte order. */
  readonly queries: readonly ScheduledQuery[];
  /** SQL that must return rows for the pack to run. */
  readonly discovery: readonly ByteString[];
  readonly platform: ByteString;
  readonly version: ByteString;
  readonly shard: number;
}

/** What the reader of packs needs to know of the host and its flags. */
export interface PackContext {
  /** `--schedule_default_interval`, seconds. */
  readonly defaultInterval: number;
  /** osquery's name of this platform: `linux`, `darwin`, `windows`. */
  readonly platform: string;
  readonly version: string;
  /** The splayed value of an interval, in seconds. */
  splay(queryName: ByteString, interval: number): number;
  readonly status: StatusSink;
}

/** One week; longer intervals are refused. */
const MAX_INTERVAL = 604_800;

/** Reads a pack object; queries that core refuses are left out. Shards are read but do not exclude a host here. */
export function readPack(
  name: ByteString,
  source: ByteString,
  object: JsonObject,
  context: PackContext,
): Pack {
  const platform = text(member(object, 'platform'));
  const version = text(member(object, 'version'));
  const discovery = member(object, 'discovery');
  const queries = member(object, 'queries');
  const wanted = matchesPlatform(platform, context.platform) && isAtLeast(context.version, version);
  const read =
    wanted && isObject(queries)
      ? queries.members.flatMap(([key, value]) => readQuery(key, value, context))
      : [];
  const byName = new Map<ByteString, ScheduledQuery>();
  for (const query of read) if (!byName.has(query.name)) byName.set(query.name, query);
  return {
    name,
    source,
    queries: [...byName.values()].sort((a, b) => compareBytes(a.name, b.name)),
    discovery: isArray(discovery) ? discovery.filter((item) => typeof item === 'string') : [],
    platform,
    version,
    shard: toNumber(member(object, 'shard')) ?? 0,
  };
}

/** The name under which a query of a pack is scheduled and logged. */
export function scheduledName(pack: ByteString, query: ByteString, delimiter: ByteString): ByteString {
  return pack === 'main' ? query : `pack${delimiter}${pack}${delimiter}${query}`;
}

function readQuery(name: ByteString, value: JsonValue, context: PackContext): ScheduledQuery[] {
  if (!isObject(value)) return [];
  if (!matchesPlatform(text(member(value, 'platform')), context.platform)) return [];
  if (!isAtLeast(context.version, text(member(value, 'version')))) return [];
  const query = member(value, 'query');
  if (typeof query !== 'string') return [];
  const interval = toNumber(member(value, 'interval')) ?? context.defaultInterval;
  if (interval <= 0 || interval > MAX_INTERVAL || query === '') {
    const message = `Query has invalid interval: ${name}: ${interval}`;
    context.status({ severity: 1, file: 'packs.cpp', line: 255, message });
    return [];
  }
  return [
    {
      name,
      query,
      interval,
      splayedInterval: context.splay(name, interval),
      snapshot: flag(member(value, 'snapshot'), false),
      removed: flag(member(value, 'removed'), true),
      denylist: flag(member(value, 'denylist'), true),
    },
  ];
}

function text(value: JsonValue | undefined): ByteString {
  return typeof value === 'string' ? value : '';
}

/** A number or a numeric string; undefined if there is none. */
function toNumber(value: JsonValue | undefined): number | undefined {
  if (isNumber(value)) return Math.trunc(value.value);
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return undefined;
}

function flag(value: JsonValue | undefined, absent: boolean): boolean {
  if (value === undefined || value === null) return absent;
  if (typeof value === 'boolean') return value;
  if (isNumber(value)) return value.value !== 0;
  return typeof value === 'string' && /^(1|t|y|true|yes|on)$/i.test(value);
}

function matchesPlatform(wanted: ByteString, platform: string): boolean {
  if (wanted === '' || wanted === 'null' || wanted.includes('any') || wanted.includes('all')) return true;
  if (wanted.includes(platform)) return true;
  const posix = platform !== 'windows';
  if (posix && wanted.includes('posix')) return true;
  return platform === 'linux' && /ubuntu|centos|debian/.test(wanted);
}

/** Whether dotted version `actual` is at least `wanted`; an empty wish is always met. */
function isAtLeast(actual: string, wanted: ByteString): boolean {
  const parts = wanted.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const have = actual.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  for (const [i, part] of parts.entries()) {
    const difference = (have[i] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
