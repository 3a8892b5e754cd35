import type { InterceptedRequest, LogStream } from '../../../src/server/index.ts';
import type { IdleClock } from './idle-clock.ts';

export interface LogRequest {
  readonly stream: LogStream;
  /** Milliseconds since the start. */
  readonly at: number;
  readonly lines: number;
  readonly bytes: number;
}

/** The log requests that reached a server, whatever their answer was. */
export class LogRequests {
  seen: LogRequest[] = [];
  /** How long the server takes for each, in milliseconds; default 0. */
  takesMs = 0;
  /** The most requests of one stream that the server had at the same time. Says nothing while `takesMs` is 0. */
  mostAtOnce = 0;
  readonly #clock: IdleClock;
  readonly #open: Record<LogStream, number> = { result: 0, status: 0 };

  constructor(clock: IdleClock) {
    this.#clock = clock;
  }

  of(stream: LogStream): LogRequest[] {
    return this.seen.filter((request) => request.stream === stream);
  }

  /** The most requests of a stream that came within so many milliseconds. */
  busiest(stream: LogStream, withinMs: number): number {
    const times = this.of(stream).map(({ at }) => at);
    const from = (start: number) => times.filter((at) => at >= start && at < start + withinMs).length;
    return Math.max(0, ...times.map(from));
  }

  /** For the server, before it looks into a request. */
  async came({ body }: InterceptedRequest): Promise<void> {
    const { log_type: stream, data } = parse(body);
    this.seen.push({ stream, at: this.#clock.monotonic(), lines: data.length, bytes: body.length });
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#open[stream]);
    if (this.takesMs > 0) await this.#clock.think(this.takesMs);
    this.#open[stream]--;
  }
}

function parse(body: Uint8Array): { log_type: LogStream; data: unknown[] } {
  return JSON.parse(Buffer.from(body).toString('latin1'));
}
