/** What a server offers, in a form that osqueryd takes. */
export interface Work {
  /** The reply as an object; undefined if it is as it should be already. */
  readonly mended: Readonly<Record<string, unknown>> | undefined;
  /** SQL by id. */
  readonly queries: Readonly<Record<string, string>>;
  /** Why a query cannot be run, by id. The server is to be told. */
  readonly unusable: ReadonlyMap<string, string>;
}

/**
 * Takes out of a reply what osqueryd cannot take (`dist/distributed.cpp`, `acceptWork`): at the first query that is no
 * text, or blank, it leaves the rest of the queries alone; at such a discovery query it drops the whole reply; arrays in
 * their place are undefined behaviour, and abort it where assertions are on. `accelerate` must be an integer, and some
 * servers write it as a text.
 */
export function usableWork(reply: Readonly<Record<string, unknown>>): Work {
  const unusable = new Map<string, string>();
  let changed = false;
  const members = new Map(Object.entries(reply));
  const usable = (name: 'queries' | 'discovery', problem: string): Record<string, string> => {
    const given = members.get(name);
    if (given === undefined) return {};
    if (!isObject(given)) {
      members.delete(name);
      changed = true;
      return {};
    }
    const entries = Object.entries(given);
    const good = entries.filter((entry): entry is [string, string] => isSql(entry[1]));
    for (const [id, value] of entries) if (!isSql(value)) unusable.set(id, problem);
    return Object.fromEntries(good);
  };
  const queries = usable('queries', 'the query is no text');
  const discovery = usable('discovery', 'its discovery query is no text');
  if (unusable.size > 0) {
    changed = true;
    for (const id of unusable.keys()) {
      delete queries[id];
      delete discovery[id];
    }
    if (members.has('queries')) members.set('queries', queries);
    if (members.has('discovery')) members.set('discovery', discovery);
  }
  const accelerate = members.get('accelerate');
  if (accelerate !== undefined && !Number.isInteger(accelerate)) {
    const seconds = wholeSeconds(accelerate);
    if (seconds === undefined) members.delete('accelerate');
    else members.set('accelerate', seconds);
    changed = true;
  }
  return { mended: changed ? Object.fromEntries(members) : undefined, queries, unusable };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSql(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function wholeSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? Math.trunc(seconds) : undefined;
}
