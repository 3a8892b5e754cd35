import type { ByteString } from './bytes.ts';
import { isNumber, isObject, member, readJson } from './json-reader.ts';

/** The parts of a `getQueries` answer, read as a release build does (assertions off). */
export interface DistributedReply {
  readonly discovery: ReadonlyArray<readonly [ByteString, ByteString]>;
  readonly queries: ReadonlyArray<readonly [ByteString, ByteString]>;
  /** Seconds, a word for a value that is no integer, undefined without one. */
  readonly accelerate: number | 'not an integer' | undefined;
  /** What is wrong: the rest of the answer is dropped when this is met, what comes before it counts. */
  readonly broken: 'discovery' | 'queries' | undefined;
}

/** Reads an answer; undefined when it is not a JSON object, which core ignores without a word. */
export function readReply(text: ByteString): DistributedReply | undefined {
  const reply = readJson(text);
  if (!isObject(reply)) return undefined;
  const discovery = entries(member(reply, 'discovery'));
  if (discovery.broken) return { discovery: [], queries: [], accelerate: undefined, broken: 'discovery' };
  const queries = entries(member(reply, 'queries'));
  const accelerate = member(reply, 'accelerate');
  const isInteger = isNumber(accelerate) && accelerate.integer && Math.abs(accelerate.value) < 2 ** 31;
  return {
    discovery: discovery.list,
    queries: queries.list,
    accelerate: accelerate === undefined ? undefined : isInteger ? accelerate.value : 'not an integer',
    broken: queries.broken ? 'queries' : undefined,
  };
}

/** Names and SQL up to the first entry that is not a non-empty string under a non-empty name. */
function entries(value: ReturnType<typeof member>): {
  readonly list: ReadonlyArray<readonly [ByteString, ByteString]>;
  readonly broken: boolean;
} {
  const list: Array<readonly [ByteString, ByteString]> = [];
  for (const [name, sql] of isObject(value) ? value.members : []) {
    if (typeof sql !== 'string' || sql === '' || name === '') return { list, broken: true };
    list.push([name, sql]);
  }
  return { list, broken: false };
}
