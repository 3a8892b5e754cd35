import { depthOf, isJson, skipSpace } from './json-scan.ts';
import { maxExcerptChars, maxReplyDepth } from './limits.ts';

/** What stands in the body of a reply, whatever its `Content-Type` says. */
export type ReplyContent =
  /** Nothing, or white space. */
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'object';
      readonly value: Readonly<Record<string, unknown>>;
      /** The server's own words about a failure: `error`, or where others put them. One line. */
      readonly says: string | undefined;
    }
  /** No JSON, or JSON but no object, or nested deeper than we take: `what` names it, `says` is its start. */
  | { readonly kind: 'other'; readonly what: string; readonly says: string };

/** Takes secrets out of a text. It comes before a text is cut, so that no half of a secret is left over. */
export type Hide = (text: string) => string;

/** Bytes of a body that are looked at for an excerpt, and what of their end is left out when there are more. */
const windowBytes = 64 * 1024;
const windowMarginChars = 1_024;

/** Reads the body of a reply. Never throws. */
export function readContent(body: Uint8Array, hide: Hide): ReplyContent {
  if (skipSpace(body, 0) === body.length) return { kind: 'empty' };
  const other = (what: string): ReplyContent => ({ kind: 'other', what, says: excerpt(body, hide) });
  if (!isJson(body)) return other('no JSON');
  if (depthOf(body) > maxReplyDepth) return other(`JSON nested deeper than ${maxReplyDepth}`);
  const value: unknown = JSON.parse(Buffer.from(body).toString());
  return isObject(value) ? { kind: 'object', value, says: errorText(value, hide) } : other('no JSON object');
}

/**
 * True if the server says that it does not know the node key. Servers write a boolean, a string or a number; what else
 * there is counts as false.
 */
export function saysNodeInvalid(content: ReplyContent): boolean {
  if (content.kind !== 'object') return false;
  const flag = content.value['node_invalid'];
  return flag === true || flag === 'true' || flag === 1 || flag === '1';
}

/** True if there is an `error` member, of any type: osquery takes that for a failure under every status. */
export function hasError(content: ReplyContent): boolean {
  return content.kind === 'object' && Object.hasOwn(content.value, 'error');
}

function errorText({ error, message }: Readonly<Record<string, unknown>>, hide: Hide): string | undefined {
  const text = error ?? message;
  if (text === undefined || text === null) return undefined;
  return printable(hide(typeof text === 'string' ? text : JSON.stringify(text)));
}

function excerpt(body: Uint8Array, hide: Hide): string {
  const text = Buffer.from(body.subarray(0, windowBytes)).toString();
  return printable(hide(body.length > windowBytes ? text.slice(0, -windowMarginChars) : text));
}

/** One line, without control characters, cut to a length that fits into a log line. */
function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > maxExcerptChars ? `${line.slice(0, maxExcerptChars)}…` : line;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
