import type { Endpoint } from '../cell.ts';
import { headerOf, type WireRequest } from './request-reader.ts';
import type { ScriptedReply } from './script.ts';

/** What a request says, as far as a judge wants to know. */
export interface Said {
  readonly endpoint: Endpoint | undefined;
  /** The node key in the body, or with `tls_node_api` in the target; undefined without one. */
  readonly key: string | undefined;
  /** Result lines of a log, or the results of a distributed write: JSON texts as they came. */
  readonly lines: readonly string[];
}

const byPath: Readonly<Record<string, Endpoint>> = {
  enroll: 'enroll',
  config: 'config',
  log: 'log',
  read: 'distributed_read',
  write: 'distributed_write',
};

/** Reads a request. The endpoint is the last part of the path. */
export function said(request: WireRequest): Said {
  const path = request.target.split(/[?&]/)[0] ?? '';
  const endpoint = byPath[path.split('/').at(-1) ?? ''];
  const body = parse(request.body);
  const inTarget = /[?&]node_key=([^&]*)/.exec(request.target)?.[1];
  const key = typeof body['node_key'] === 'string' ? body['node_key'] : inTarget;
  return { endpoint, key, lines: linesOf(endpoint, body) };
}

/** Status lines are none of the judge's business. */
function linesOf(endpoint: Endpoint | undefined, body: Record<string, unknown>): string[] {
  if (endpoint === 'log' && body['log_type'] === 'result' && Array.isArray(body['data'])) {
    return body['data'].map((line) => JSON.stringify(line));
  }
  if (endpoint === 'distributed_write') {
    const { node_key: _, ...results } = body;
    return [JSON.stringify(results)];
  }
  return [];
}

/**
 * A server without a fault. It knows one node key at a time, the one that it issued last, and answers `node_invalid` to
 * every other.
 */
export class HonestServer {
  /** Counts up with each new configuration. */
  version = 1;
  enrolled = 0;
  #key: string | undefined;

  constructor(key: string | undefined) {
    this.#key = key;
  }

  /** The one node key that it knows from now on. */
  know(key: string | undefined): void {
    this.#key = key;
  }

  /** The configuration of this moment, as osqueryd is to get it. */
  get config(): string {
    return `{"schedule":{"version_${this.version}":{"query":"SELECT ${this.version}","interval":60}}}`;
  }

  answer(request: WireRequest, { endpoint, key }: Said): ScriptedReply {
    if (endpoint === undefined) return { status: 404, body: 'nothing here' };
    if (endpoint === 'enroll') {
      this.#key = `issued-key-${++this.enrolled}`;
      return json({ node_key: this.#key });
    }
    if (key !== this.#key) return json({ node_invalid: true });
    switch (endpoint) {
      case 'config':
        return request.method === 'GET' ? json({ config: this.config }) : { status: 200, body: this.config };
      case 'distributed_read':
        return json(honestQueries);
      default:
        return json({});
    }
  }
}

/** What a distributed read is given. */
export const honestQueries = { queries: { q1: 'SELECT 1' } };

/** What is wrong with a request whatever it says: osquery's servers rely on these. */
export function wireProblems(request: WireRequest, { endpoint, key }: Said): string[] {
  const problems: string[] = [];
  const expect = (ok: boolean, problem: string) => {
    if (!ok) problems.push(problem);
  };
  const { headers, method } = request;
  const get = (name: string) => headerOf(headers, name);
  expect(endpoint !== undefined, `a request to ${request.target}, where nobody sent it`);
  expect(get('content-type') === 'application/json', `Content-Type is ${get('content-type')}`);
  expect(get('accept') === 'application/json', `Accept is ${get('accept')}`);
  expect(get('transfer-encoding') === undefined, 'the request is chunked');
  expect(method === 'GET' || get('content-length') !== undefined, 'the request has no Content-Length');
  expect(/^osquery\/\d/.test(get('user-agent') ?? ''), `User-Agent is ${get('user-agent')}`);
  const authorization = get('authorization');
  if (endpoint === 'enroll') {
    expect(authorization === undefined, 'an enrollment carries a node key');
    problems.push(...enrollProblems(parse(request.body)));
  } else {
    // A blank key stands in the body alone.
    const wanted = key === '' ? undefined : `NodeKey ${key}`;
    expect(
      endpoint !== 'distributed_write' || hasPlainResults(parse(request.body)),
      'results of another form',
    );
    expect(authorization === wanted, 'Authorization does not carry the key that the body carries');
  }
  return problems;
}

function enrollProblems(body: Record<string, unknown>): string[] {
  const { host_identifier, platform_type, host_details } = body;
  const problems: string[] = [];
  if (typeof host_identifier !== 'string' || host_identifier === '') problems.push('no host_identifier');
  if (typeof platform_type !== 'string' || platform_type === '') problems.push('no platform_type');
  const leaves = Object.values((host_details ?? {}) as Record<string, Record<string, unknown>>).flatMap(
    (row) => Object.values(row),
  );
  if (leaves.some((leaf) => typeof leaf !== 'string'))
    problems.push('host_details has a leaf that is no string');
  return problems;
}

/** Statuses are integers and results are arrays, also when they are empty: servers take nothing else. */
function hasPlainResults({ statuses, queries }: Record<string, unknown>): boolean {
  return (
    Object.values(statuses ?? {}).every(Number.isInteger) && Object.values(queries ?? {}).every(Array.isArray)
  );
}

function json(value: unknown): ScriptedReply {
  return { status: 200, headers: [['Content-Type', 'application/json']], body: JSON.stringify(value) };
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
