import { depthOf, isJson, skipSpace } from './json-scan.ts';
import { maxExcerptChars, maxReplyDepth } from './limits.ts';

/** What stands in the body of a reply, whatever its `Content-Type` says. */
export type ReplyContent =
  /** Nothing, or white space. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  /** JSON, but no object; or no JSON; or nested deeper than we take. `what` names it for a reason. */
  | { readonly kind: 'other'; readonly what: string };

/** Reads the body of a reply. Never throws. */
export function readContent(body: Uint8Array): ReplyContent {
  if (skipSpace(body, 0) === body.length) return { kind: 'empty' };
  if (!isJson(body)) return { kind: 'other', what: `no JSON: ${excerpt(body)}` };
  if (depthOf(body) > maxReplyDepth)
    return { kind: 'other', what: `JSON nested deeper than ${maxReplyDepth}` };
  const value: unknown = JSON.parse(Buffer.from(body).toString());
  return isObject(value)
    ? { kind: 'object', value }
    : { kind: 'other', what: `no JSON object: ${excerpt(body)}` };
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

/** The server's own words: `error`, or where others put them. Undefined if it says nothing. */
export function errorText(content: ReplyContent): string | undefined {
  if (content.kind !== 'object') return undefined;
  const { error, message } = content.value;
  const text = error ?? message;
  if (text === undefined || text === null) return undefined;
  return printable(typeof text === 'string' ? text : JSON.stringify(text));
}

/** True if there is an `error` member, of any type: osquery takes that for a failure under every status. */
export function hasError(content: ReplyContent): boolean {
  return content.kind === 'object' && Object.hasOwn(content.value, 'error');
}

/** The start of a body, for a reason: one line, without control characters. */
export function excerpt(body: Uint8Array): string {
  return printable(Buffer.from(body.subarray(0, maxExcerptChars * 4)).toString());
}

function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > maxExcerptChars ? `${line.slice(0, maxExcerptChars)}…` : line;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
