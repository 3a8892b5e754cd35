import { RemoteError } from './error.ts';
import { membersOf, spells } from './json-scan.ts';
import type { Outcome } from './outcome.ts';
import { type HttpReply, headerOf } from './reply.ts';
import { type Hide, hasError, type ReplyContent, readContent, saysNodeInvalid } from './reply-content.ts';
import type { Endpoint } from './request.ts';
import { retryAfterMs } from './retry-after.ts';

/** What else decides about the meaning of an answer. */
export interface InterpretOptions {
  /** `tls_node_api`: a config comes as text in the member `config`. */
  readonly nodeApi?: boolean;
  /** A client certificate is in use: then a blank node key is an enrollment. */
  readonly clientCertificate?: boolean;
  /** Takes secrets out of what the server says, before that becomes part of a reason. */
  readonly hide?: Hide;
}

type ObjectContent = Extract<ReplyContent, { kind: 'object' }>;

const nothing = new Uint8Array(0);

const asItIs: Hide = (text) => text;

/**
 * What an answer means: first the HTTP status, then the content, then `node_invalid` and `error`. Real servers differ in
 * all of them, so:
 * - `node_invalid` counts with a 2xx and with every 4xx that is not about load or size (200 and 401 are in use);
 * - an empty body is success for a log or a distributed write, and never a config, queries or a key;
 * - the `Content-Type` says nothing;
 * - `rejected` and `too_large` are said only where the server blames this very content, since lines may end in
 *   quarantine for it. A wrong path, a proxy's page or an overloaded sink is `retry`.
 *
 * Pure, and never throws.
 */
export function interpret(
  endpoint: Endpoint,
  answer: HttpReply | RemoteError,
  options: InterpretOptions = {},
): Outcome {
  if (answer instanceof RemoteError) {
    return { kind: answer.code === 'content' ? 'rejected' : 'retry', reason: answer.message };
  }
  const content = readContent(answer.body, options.hide ?? asItIs);
  if (answer.status >= 200 && answer.status <= 299) return accepted(endpoint, answer, content, options);
  return refusedBy(endpoint, answer, content);
}

function accepted(
  endpoint: Endpoint,
  reply: HttpReply,
  content: ReplyContent,
  options: InterpretOptions,
): Outcome {
  if (endpoint === 'enroll') return enrolled(reply, content, options.clientCertificate ?? false);
  if (content.kind === 'empty') {
    const says = endpoint === 'log' || endpoint === 'distributed_write';
    return says ? { kind: 'delivered', body: nothing } : retry(reply, 'the answer is empty');
  }
  if (content.kind === 'other') return retry(reply, `the answer is ${content.what}: ${content.says}`);
  if (saysNodeInvalid(content)) return nodeInvalid(reply, content);
  if (hasError(content)) return retry(reply, words(content));
  switch (endpoint) {
    case 'config':
      return configured(reply, content, options.nodeApi ?? false);
    case 'distributed_read':
      return { kind: 'delivered', body: reply.body };
    default:
      return { kind: 'delivered', body: nothing };
  }
}

/** A usable key wins over `node_invalid` and `error`, as in the built-in client. */
function enrolled(reply: HttpReply, content: ReplyContent, clientCertificate: boolean): Outcome {
  if (content.kind === 'other') return retry(reply, `the answer is ${content.what}: ${content.says}`);
  const members = content.kind === 'object' ? content.value : {};
  const key = members['node_key'] ?? members['id'];
  if (typeof key === 'string' && (key !== '' || (clientCertificate && members['node_key'] === ''))) {
    return { kind: 'delivered', body: Buffer.from(key) };
  }
  return refused(reply, words(content) || 'the answer holds no node key');
}

function configured(reply: HttpReply, content: ObjectContent, nodeApi: boolean): Outcome {
  let body = reply.body;
  let config: ObjectContent = content;
  if (nodeApi) {
    const text = content.value['config'];
    if (typeof text !== 'string') return retry(reply, 'the answer has no text in its member "config"');
    body = Buffer.from(text);
    const inner = readContent(body, asItIs);
    if (inner.kind !== 'object') return retry(reply, 'the member "config" holds no JSON object');
    config = inner;
  }
  const members = Object.keys(config.value).filter((name) => name !== 'node_invalid');
  if (members.length === 0) return retry(reply, 'the config is empty');
  return { kind: 'delivered', body: withoutNodeInvalid(body) };
}

/** Everything but 2xx. */
function refusedBy(endpoint: Endpoint, reply: HttpReply, content: ReplyContent): Outcome {
  const { status } = reply;
  const about = words(content);
  if (status === 413) {
    // Fleet's word for a sink that is down. Smaller batches would not help.
    const sinkDown = /error writing/i.test(about);
    if (sinkDown || !carriesData(endpoint)) return retry(reply, about);
    return { kind: 'too_large', reason: reasonOf(reply, about) };
  }
  if (status < 400 || status > 499 || status === 408 || status === 425 || status === 429) {
    const target = headerOf(reply, 'location');
    return retry(
      reply,
      status >= 300 && status < 400 && target !== undefined ? 'redirect not followed' : about,
    );
  }
  if (endpoint !== 'enroll' && saysNodeInvalid(content)) return nodeInvalid(reply, content);
  if (status === 401 || status === 403) return refused(reply, about);
  if (status === 400 || status === 415 || status === 422) {
    return { kind: 'rejected', reason: reasonOf(reply, about) };
  }
  return retry(reply, about);
}

function carriesData(endpoint: Endpoint): boolean {
  return endpoint === 'log' || endpoint === 'distributed_write';
}

function nodeInvalid(reply: HttpReply, content: ReplyContent): Outcome {
  return {
    kind: 'node_invalid',
    reason: reasonOf(
      reply,
      (content.kind === 'object' && content.says) || 'the server does not know this node key',
    ),
  };
}

function refused(reply: HttpReply, about: string): Outcome {
  const afterMs = retryAfterMs(reply);
  return { kind: 'refused', reason: reasonOf(reply, about), ...(afterMs !== undefined && { afterMs }) };
}

function retry(reply: HttpReply, about: string): Outcome {
  const afterMs = retryAfterMs(reply);
  return { kind: 'retry', reason: reasonOf(reply, about), ...(afterMs !== undefined && { afterMs }) };
}

function reasonOf(reply: HttpReply, about: string): string {
  return about === '' ? `HTTP ${reply.status}` : `HTTP ${reply.status}: ${about}`;
}

/** What the server says about a failure; empty if it says nothing. */
function words(content: ReplyContent): string {
  if (content.kind === 'empty') return '';
  if (content.says !== undefined) return content.says;
  if (saysNodeInvalid(content)) return 'node_invalid';
  return hasError(content) ? 'error without a text' : '';
}

/** Cuts the member `node_invalid` out. Everything else stays byte for byte. */
function withoutNodeInvalid(body: Uint8Array): Uint8Array {
  const members = membersOf(body) ?? [];
  const kept = members.filter(({ key }) => !spells(body, key, '"node_invalid"'));
  if (kept.length === members.length) return body;
  const texts = kept.map(({ key, value }) => body.subarray(key.start, value.end));
  const parts = texts.flatMap((text, i) => (i === 0 ? [text] : [Buffer.from(','), text]));
  return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')]);
}
