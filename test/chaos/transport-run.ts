import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModuleDeck } from './module-deck.ts';
import { trailingLines } from './plan.ts';
import { quantile } from './quantile.ts';
import { Random } from './random.ts';
import { Relay } from './relay.ts';
import { type RunResult, Scene, type SceneOptions } from './scene.ts';
import type { TransportPlan } from './transport-plan.ts';

export interface TransportRunOptions
  extends Pick<SceneOptions, 'extension' | 'say' | 'patienceMs' | 'settleMs'> {
  readonly plan: TransportPlan;
  /** Milliseconds in which all faults must have happened. */
  readonly limitMs: number;
}

export interface TransportRunResult extends RunResult {
  readonly wanted: number;
  /** Faults that have happened, by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** Milliseconds, while faults happened. */
  readonly pingP99Ms: number;
}

/** Between two pings of the steady probe. */
const probeMs = 50;
/** Lines come in at this rate, whatever happens, and now and then many at once. */
const flow = { everyMs: 50, lines: 2, burst: 150, burstChance: 0.01 };
/** More lines than there can be. */
const endless = 2 ** 31;

/** Runs a plan: the extension lives all the time, and everything between it and the server goes wrong. */
export async function runTransport(options: TransportRunOptions): Promise<TransportRunResult> {
  const run = new TransportRun(options);
  try {
    return await run.result();
  } finally {
    await run.end();
  }
}

class TransportRun {
  readonly #options: TransportRunOptions;
  readonly #scene: Scene;
  readonly #relay: Relay;
  readonly #faults = new Map<string, number>();
  readonly #lines: { readonly seed: number; lines: number; readonly faultSeed: number };
  readonly #random: Random;
  readonly #probeTimes: number[] = [];
  readonly #probeFailures: string[] = [];
  readonly #wanted: number;
  #deck: ModuleDeck | undefined;
  #counted = 0;
  #storming = true;
  #mostMemory = 0;

  constructor(options: TransportRunOptions) {
    this.#options = options;
    const { plan } = options;
    this.#wanted = plan.module.length + plan.socket.length + plan.server + plan.serverKills;
    this.#random = new Random(plan.seed ^ 0x666c6f77);
    this.#lines = { seed: plan.seed, lines: endless, faultSeed: plan.faultSeed };
    this.#relay = new Relay({
      target: () => this.#scene.server.told.port,
      random: new Random(plan.seed ^ 0x72656c61),
      faults: plan.socket,
      onFault: (kind) => this.#count(`socket ${kind}`),
    });
    this.#scene = new Scene({
      ...options,
      title: 'everything between the extension and the server goes wrong',
      plan: this.#lines,
      masked: false,
      env: (directory) => {
        this.#deck = new ModuleDeck(directory, plan.module);
        return this.#deck.env;
      },
      port: () => this.#relay.listen(),
      // One attempt for each call, and no growing back-off: a run is to measure faults, not waits.
      flags: {
        logger_tls_period: '0',
        logger_tls_backoff_max: '0',
        config_tls_max_attempts: '1',
        distributed_tls_max_attempts: '1',
      },
      serverFaults: { most: plan.server, onFault: (what) => this.#count(`server ${what}`) },
    });
  }

  async result(): Promise<TransportRunResult> {
    const scene = this.#scene;
    await scene.start();
    const others = [this.#flow(), this.#probe(), this.#watchMemory(), this.#killServer()];
    await this.#storm();
    this.#storming = false;
    await Promise.all(others);
    const pings = [...this.#probeTimes, ...scene.core.pingTimes];
    this.#options.say(`${scene.logging.offered} lines handed over; what waits goes out`);
    // What was generated and waits to be allowed is not among the last ones yet.
    this.#lines.lines = scene.logging.offered + 30 + trailingLines(endless);
    scene.logging.allow(scene.logging.offered + 15);
    await scene.drain();
    const result = await scene.result();
    scene.notes.push(
      `pings while faults happened: ${pings.length}, p50 ${quantile(pings, 0.5).toFixed(1)} ms, most ${quantile(pings, 1).toFixed(1)} ms`,
      `most memory of the extension: ${this.#mostMemory} MB`,
    );
    return {
      ...result,
      exit78: [...result.exit78, ...this.#probeFailures],
      wanted: this.#wanted,
      faults: this.#faults,
      pingP99Ms: quantile(pings, 0.99),
    };
  }

  async end(): Promise<void> {
    this.#storming = false;
    await this.#scene.end();
    await this.#relay.close();
  }

  get #happened(): number {
    return [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
  }

  #count(what: string): void {
    this.#faults.set(what, (this.#faults.get(what) ?? 0) + 1);
  }

  /** Until every fault has happened, or time is over. */
  async #storm(): Promise<void> {
    const from = performance.now();
    let saidAt = from;
    while (this.#happened < this.#wanted && performance.now() - from < this.#options.limitMs) {
      await sleep(100);
      this.#countDeeds();
      if (performance.now() - saidAt < 10_000) continue;
      saidAt = performance.now();
      const { length } = this.#options.plan.module;
      this.#options.say(
        `${Math.round((saidAt - from) / 1000)} s: ${this.#happened} of ${this.#wanted} faults (${this.#counted} of ${length} by the module), ${this.#scene.logging.offered} lines`,
      );
    }
    if (this.#happened < this.#wanted) {
      this.#scene.violations.push(`only ${this.#happened} of ${this.#wanted} faults have happened in time`);
    }
  }

  #countDeeds(): void {
    const done = this.#deck?.done() ?? new Map<number, string>();
    for (const [number, kind] of done) if (number >= this.#counted) this.#count(`module ${kind}`);
    this.#counted = Math.max(this.#counted, done.size);
  }

  async #flow(): Promise<void> {
    const { logging } = this.#scene;
    while (this.#storming) {
      const burst = this.#random.next() < flow.burstChance;
      logging.allow(logging.offered + (burst ? flow.burst : flow.lines));
      await sleep(flow.everyMs);
    }
  }

  async #probe(): Promise<void> {
    while (this.#storming) {
      const result = await this.#scene.core.ping('logger/remote');
      if (typeof result === 'number') this.#probeTimes.push(result);
      else this.#probeFailures.push(`ping: ${result}`);
      await sleep(probeMs);
    }
  }

  /** At even distances on the way. */
  async #killServer(): Promise<void> {
    const { serverKills } = this.#options.plan;
    const { server } = this.#scene;
    for (let i = 1; i <= serverKills; i++) {
      while (this.#storming && this.#happened < (this.#wanted * i) / (serverKills + 1)) await sleep(100);
      if (!this.#storming) return;
      await server.kill();
      await sleep(this.#random.between(0, 2000));
      await server.start();
      this.#count('server killed');
    }
  }

  async #watchMemory(): Promise<void> {
    while (this.#storming) {
      const { pid } = this.#scene.extension;
      const found = /VmHWM:\s*(\d+) kB/.exec(pid === undefined ? '' : statusOf(pid));
      this.#mostMemory = Math.max(this.#mostMemory, Math.round(Number(found?.[1] ?? 0) / 1024));
      await sleep(1000);
    }
  }
}

/** What Linux knows of a process; elsewhere nothing. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
