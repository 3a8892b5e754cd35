import { VirtualClock } from '../../testing/index.ts';
import type { Outcome, TransportReply } from '../transport/index.ts';
import { Enrollment } from './enrollment.ts';
import type { NodeKey } from './node-key.ts';
import type { EnrollmentOptions } from './options.ts';
import type { EnrollmentSettings } from './settings.ts';
import type { StoredEnrollment } from './stored.ts';

/** osquery's defaults. */
export const defaults: EnrollmentSettings = {
  always: false,
  disabled: false,
  disableReenrollment: false,
  maxAttempts: 12,
  maxIntervalS: 600,
  clientCertificate: false,
};

/** The world around an enrollment, for tests: a server, a state file, osquery's database, a secret, and time. */
export class SimulatedWorld {
  readonly clock = new VirtualClock();
  settings = defaults;
  /** Answers attempts, from 1. Default: keys `key-1`, `key-2` and so on. */
  server: (attempt: number) => Outcome | Promise<Outcome> = (attempt) => enrolled(`key-${attempt}`);
  /** Wall-clock milliseconds since the start of each enroll request. */
  readonly requests: number[] = [];
  file: StoredEnrollment | undefined;
  database: NodeKey | undefined;
  /** The disk refuses, core is away or hangs. */
  fails: { save?: boolean; read?: boolean | 'hangs'; write?: boolean } = {};
  secret = 'mark-1';
  random = 0;
  readonly log: string[] = [];
  /** What happened, in order: `save <key>`, `write <key>`, `request`, `key <key>`. */
  readonly events: string[] = [];
  readonly #started = this.clock.now();
  readonly #running: Enrollment[] = [];

  start(options: Partial<EnrollmentOptions> = {}): Enrollment {
    const enrollment = new Enrollment({
      clock: this.clock,
      random: () => this.random,
      settings: () => this.settings,
      state: {
        load: async () => (this.file === undefined ? undefined : JSON.parse(JSON.stringify(this.file))),
        save: async (state) => {
          if (this.fails.save) throw new Error('ENOSPC: no space left on device');
          this.file = state;
          this.events.push(`save ${state.key?.key}`);
        },
      },
      database: {
        read: async () => {
          if (this.fails.read === 'hangs') return new Promise(() => {});
          if (this.fails.read) throw new Error('core is away');
          return this.database;
        },
        write: async (key) => {
          if (this.fails.write) throw new Error('core is away');
          this.database = key;
          this.events.push(`write ${key.key}`);
        },
      },
      request: async (): Promise<TransportReply> => {
        this.requests.push(this.clock.now() - this.#started);
        this.events.push('request');
        return { outcome: await this.server(this.requests.length), attempts: 1 };
      },
      secretMark: () => this.secret,
      log: (level, text) => this.log.push(`${level}: ${text}`),
      ...options,
    });
    enrollment.onKey((key) => this.events.push(`key ${key}`));
    this.#running.push(enrollment);
    return enrollment;
  }

  async open(): Promise<Enrollment> {
    const enrollment = this.start();
    await enrollment.open();
    return enrollment;
  }

  /** Closes what still runs. A close stores nothing new, so that in between it is as good as the death of a process. */
  async close(): Promise<void> {
    for (const enrollment of this.#running) await enrollment.close();
  }
}

export function enrolled(key: string): Outcome {
  return { kind: 'delivered', body: Buffer.from(key) };
}

export const badSecret: Outcome = { kind: 'refused', reason: 'HTTP 401: enroll failed' };
