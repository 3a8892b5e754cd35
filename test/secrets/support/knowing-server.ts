import type { Endpoint, Fault, InterceptedRequest } from '../../../src/server/index.ts';
import { canaries } from './canaries.ts';

/** Answers in place of the server: takes everything, gives the node key that is looked for, and remembers what came. */
export class KnowingServer {
  /** Everything that went over the wire. */
  heard = '';
  /** The log lines among it, without the rest of their request. */
  readonly lines: string[] = [];
  /** Asked first. */
  answer: ((endpoint: Endpoint, request: InterceptedRequest) => Fault | undefined) | undefined;

  readonly #work: string;

  /** @param work the answer to who asks for ad-hoc queries */
  constructor(work = '{"queries":{}}') {
    this.#work = work;
  }

  readonly intercept = (endpoint: Endpoint, request: InterceptedRequest): Fault => {
    const body = Buffer.from(request.body).toString();
    this.heard += `${request.url} ${JSON.stringify(request.headers)} ${body}\n`;
    const fault = this.answer?.(endpoint, request);
    if (fault !== undefined) return fault;
    switch (endpoint) {
      case 'enroll':
        return { body: JSON.stringify({ node_key: canaries.nodeKey }) };
      case 'config':
        return { body: '{"schedule":{}}' };
      case 'distributed_read':
        return { body: this.#work };
      case 'log':
        this.lines.push(
          ...(JSON.parse(body) as { data: unknown[] }).data.map((line) => JSON.stringify(line)),
        );
        return { body: '{}' };
      default:
        return { body: '{}' };
    }
  };
}
