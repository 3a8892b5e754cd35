import { type Clock, systemClock } from '../../clock/index.ts';
import { ExtensionManager } from '../../extension/index.ts';
import type { TimedEvent } from '../../server/index.ts';
import { type OsquerydProcess, type OsquerydProgram, Rig } from '../rig/index.ts';
import { busyConfig } from './config.ts';

/** A log line as the server took it. */
export interface DeliveredLine {
  readonly stream: 'result' | 'status';
  readonly content: Readonly<Record<string, unknown>>;
}

type Truthy<T> = Exclude<T, false | null | undefined>;

/** How long something may take that has to come. */
const defaultLimitMs = 40_000;
const pollMs = 100;
/** A call to osqueryd's socket. */
const callMs = 5_000;

/** What the checks work with: the rig, and everything that the server and osqueryd have said so far. */
export class Bench {
  readonly rig: Rig;
  readonly manager: ExtensionManager;
  readonly lines: DeliveredLine[] = [];
  readonly events: TimedEvent[] = [];
  readonly output: string[] = [];
  readonly #clock: Clock;
  #running = false;

  /** @throws {ExtensionMissing} */
  static async open(program: OsquerydProgram, clock: Clock = systemClock): Promise<Bench> {
    let bench: Bench | undefined;
    const rig = await Rig.open({
      program,
      config: busyConfig,
      onOutput: (line) => void bench?.output.push(line),
      onEvent: (event) => void bench?.events.push(event),
      onLines: ({ stream, lines }) => {
        for (const line of lines) {
          bench?.lines.push({ stream, content: JSON.parse(Buffer.from(line).toString('utf8')) });
        }
      },
    });
    bench = new Bench(rig, clock);
    return bench;
  }

  private constructor(rig: Rig, clock: Clock) {
    this.rig = rig;
    this.manager = new ExtensionManager(rig.socket, { timeoutMs: callMs });
    this.#clock = clock;
  }

  /** osqueryd, started when it does not run. @param overrides flags that differ, for a start. */
  async osqueryd(overrides?: Readonly<Record<string, string>>): Promise<OsquerydProcess> {
    if (this.#running) return this.rig.osqueryd;
    this.#running = true;
    const started = await this.rig.startOsqueryd(overrides);
    void started.exited.then(() => {
      this.#running = false;
    });
    return started;
  }

  /** Events of one kind, oldest first. */
  seen<K extends TimedEvent['kind']>(kind: K): Extract<TimedEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<TimedEvent, { kind: K }> => event.kind === kind);
  }

  /** Result lines of a scheduled query, in the order of delivery. */
  results(name: string): DeliveredLine[] {
    return this.lines.filter(({ stream, content }) => stream === 'result' && content['name'] === name);
  }

  /** The extension as osqueryd lists it. */
  async registered(): Promise<boolean> {
    const extensions = await this.manager.extensions();
    return [...extensions.values()].some(({ name }) => name === 'osquery-remote');
  }

  /** Waits until osqueryd lists the extension. */
  async untilRegistered(): Promise<void> {
    await this.osqueryd();
    await this.eventually('the extension is registered', () => this.registered());
  }

  /** Asks the node, and waits for its answer. */
  async ask(
    sql: string,
  ): Promise<{ readonly status: number; readonly message: string; readonly rows: readonly object[] }> {
    const query = await this.rig.server.query(sql);
    const enough = AbortSignal.timeout(defaultLimitMs);
    for await (const item of this.rig.server.results(query, enough)) {
      if (item.kind === 'result') return item;
    }
    throw new Error('the query was not answered');
  }

  /**
   * Waits until `probe` gives something true; a probe that throws is tried again.
   * @throws {Error} after `limitMs`.
   */
  async eventually<T>(
    what: string,
    probe: () => T | Promise<T>,
    limitMs = defaultLimitMs,
  ): Promise<Truthy<T>> {
    const until = this.#clock.monotonic() + limitMs;
    let reason = '';
    for (;;) {
      try {
        const found = await probe();
        if (found) return found as Truthy<T>;
        reason = '';
      } catch (error) {
        reason = ` (${error instanceof Error ? error.message : String(error)})`;
      }
      if (this.#clock.monotonic() >= until)
        throw new Error(`not within ${limitMs / 1000} s: ${what}${reason}`);
      await this.#clock.sleep(pollMs);
    }
  }

  /** Lets time pass. */
  pause(ms: number): Promise<void> {
    return this.#clock.sleep(ms);
  }

  close(): Promise<void> {
    return this.rig.close();
  }
}
