import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrivals } from './arrivals.ts';
import { Core } from './core.ts';
import { generateRequest } from './core-replies.ts';
import { Distributed } from './distributed.ts';
import { EvidenceReader } from './evidence.ts';
import { ExtensionControl } from './extension.ts';
import { flagsFor } from './flags.ts';
import type { Verdict } from './judge.ts';
import { Ledger } from './ledger.ts';
import { Logging } from './logging.ts';
import { quantile } from './quantile.ts';
import { ServerControl, type ServerFaults } from './server.ts';

/** Everything that a run found. */
export interface RunResult {
  readonly title: string;
  readonly verdict: Verdict;
  /** Answers other than 0, and pings over 10 s, while the extension lived: osqueryd would have ended with 78. */
  readonly exit78: readonly string[];
  /** What else must not be. */
  readonly violations: readonly string[];
  readonly notes: readonly string[];
  /** Where files of the run are. */
  readonly directory: string;
}

export interface SceneOptions {
  readonly title: string;
  /** Which lines there are. Their number may be decided late. */
  readonly plan: {
    readonly seed: number;
    readonly lines: number;
    readonly faultSeed: number;
    /** See `Evidence`. */
    readonly doubtful?: number;
  };
  /** The extension's executable. */
  readonly extension: string;
  /** Environment of the extension beside this process's own. */
  readonly env?: (directory: string) => NodeJS.ProcessEnv;
  /** Whether a second logger hides calls that fail while no extension lives. */
  readonly masked: boolean;
  /** Where the extension finds the server; asked when that has started. Default: the server's own port. */
  readonly port?: (serverPort: number) => Promise<number>;
  /** Flags that are not as in other runs. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly serverFaults?: ServerFaults;
  readonly say: (text: string) => void;
  /** Milliseconds without progress after which the rest counts as lost. */
  readonly patienceMs: number;
  /** Milliseconds after the last restart in which something may be sent again. */
  readonly settleMs: number;
}

/** Server and extension as processes of their own, this process as osqueryd, and the ledger of it all. */
export class Scene {
  readonly directory = mkdtempSync(join(tmpdir(), 'chaos-'));
  readonly server: ServerControl;
  readonly core: Core;
  readonly extension: ExtensionControl;
  readonly logging: Logging;
  readonly notes: string[] = [];
  readonly violations: string[] = [];
  readonly #options: SceneOptions;
  readonly #evidence: EvidenceReader;
  readonly #distributed: Distributed;
  #port = 0;
  #loops: Promise<unknown>[] = [];
  #refreshing: Promise<void> = Promise.resolve();
  #handingOver: Promise<void> = Promise.resolve();
  #asking = true;
  #running = true;
  #quarantine: number | undefined;

  constructor(options: SceneOptions) {
    this.#options = options;
    const { plan, say, masked } = options;
    const ledger = new Ledger();
    mkdirSync(join(this.directory, 'server'));
    this.server = new ServerControl(join(this.directory, 'server'), plan.faultSeed, options.serverFaults);
    const secret = join(this.directory, 'secret');
    writeFileSync(secret, 'made-up-secret\n', { mode: 0o600 });
    const loggers = masked ? 'remote,stdout' : 'remote';
    const flags = () => ({
      ...flagsFor({ directory: this.directory, secretFile: secret, port: this.#port, loggers }),
      ...options.flags,
    });
    this.core = new Core({ socketPath: join(this.directory, 'osq.em'), flags, intervalMs: 1000, log: say });
    this.extension = new ExtensionControl({
      path: options.extension,
      core: this.core,
      env: {
        ...process.env,
        ...options.env?.(this.directory),
        OSQUERY_REMOTE_STORE: join(this.directory, 'store'),
      },
      outputFile: join(this.directory, 'extension.log'),
    });
    this.logging = new Logging(this.core, ledger, masked);
    this.#evidence = new EvidenceReader(ledger, plan, () => this.server.told.logs);
    this.#distributed = new Distributed(this.core, this.server);
  }

  /** Starts all, and everything that osqueryd does but for the lines, which come as `logging` allows. */
  async start(): Promise<void> {
    const { plan, port } = this.#options;
    await this.server.start();
    this.#port = (await port?.(this.server.told.port)) ?? this.server.told.port;
    copyFileSync(this.server.told.caFile, join(this.directory, 'ca.pem'));
    await this.core.start();
    this.extension.start();
    await this.registered();
    await this.#greet();
    this.#loops = [this.#distributed.run(), this.#askLoop()];
    this.#refreshing = this.#configLoop();
    this.#handingOver = this.logging.run(plan);
  }

  async registered(): Promise<void> {
    while (!this.core.has('logger/remote')) await this.core.changed();
  }

  /** Waits until the extension has nothing left. @param between is done when all is delivered but the last lines. */
  async drain(between: () => Promise<void> = async () => {}): Promise<void> {
    const { patienceMs, settleMs, plan } = this.#options;
    this.server.calm();
    this.#asking = false;
    while (this.#distributed.pending > 0 && this.core.has('distributed/remote')) await sleep(100);
    this.#distributed.stop();
    await Promise.all(this.#loops);
    await this.#evidence.untilDelivered(patienceMs);
    await between();
    await sleep(settleMs);
    await this.#evidence.untilDelivered(settleMs);
    this.#quarantine = await this.#countQuarantine();
    this.logging.allow(plan.lines);
    await this.#handingOver;
    await this.#evidence.untilDelivered(patienceMs);
  }

  async result(): Promise<RunResult> {
    const missing = await this.#distributed.missing();
    this.#running = false;
    await this.#refreshing;
    const stopMs = await this.extension.stop();
    if (stopMs > 11_000) this.violations.push(`did not end within 11 s after SIGTERM`);
    const { verdict, result, status, droppedResults } = await this.#evidence.findings(this.#quarantine);
    const wrong = missing.filter(({ rows }) => rows !== undefined);
    const absent = missing.filter(({ rows }) => rows === undefined).slice(droppedResults);
    this.violations.push(
      ...[...wrong, ...absent].map(({ id, rows }) => `distributed query ${id}: ${rows ?? 'no result'}`),
    );
    this.violations.push(...this.#distributed.failures);
    this.violations.push(...[...result.spoilt, ...status.spoilt].map((what) => `spoilt: ${what}`));
    this.violations.push(...this.extension.crashes.map((how) => `the extension ended by itself: ${how}`));
    this.#noteFigures(verdict, result, stopMs);
    return {
      title: this.#options.title,
      verdict,
      exit78: this.logging.fatal.map(({ what }) => what),
      violations: [...this.violations, ...verdict.contradictions],
      notes: this.notes,
      directory: this.directory,
    };
  }

  async end(): Promise<void> {
    this.#running = false;
    this.#asking = false;
    this.#distributed.stop();
    await this.extension.kill();
    await this.core.stop();
    await this.server.kill();
    this.extension.close();
  }

  /** What core asks for once, at its start. */
  async #greet(): Promise<void> {
    // A plugin is activated, and lines come, only when it has answered.
    const genConfig = new Map([['action', 'genConfig']]);
    while ((await this.core.call('config', 'remote', genConfig)).kind !== 'answered') await sleep(20);
    await this.core.call('logger', 'remote', new Map([['init', 'osqueryd']]));
    const features = await this.core.call('logger', 'remote', new Map([['action', 'features']]));
    if (features.kind === 'answered' && (features.code & 1) === 0) {
      this.violations.push(`features are ${features.code}: no status line would ever be sent`);
    }
  }

  async #configLoop(): Promise<void> {
    let failed = 0;
    while (this.#running) {
      const outcome = await this.core.call('config', 'remote', new Map([['action', 'genConfig']]));
      if (outcome.kind === 'answered' && outcome.code !== 0) failed++;
      if ((outcome.kind === 'unanswered' || outcome.kind === 'not available') && !outcome.masked)
        this.violations.push(`genConfig: ${outcome.reason}`);
      await sleep(1000);
    }
    this.notes.push(`genConfig answered with a failure ${failed} times`);
  }

  async #askLoop(): Promise<void> {
    while (this.#asking) {
      await this.#distributed.ask();
      await sleep(700);
    }
  }

  /** Asks the table until no line waits any more, while now and then another line comes in. */
  async #countQuarantine(): Promise<number | undefined> {
    const from = performance.now();
    let seen: number | undefined;
    for (;;) {
      this.logging.allow(this.logging.offered + 1);
      const outcome = await this.core.call('table', 'remote_outbox', generateRequest);
      const rows = outcome.kind === 'answered' && outcome.code === 0 ? outcome.rows : [];
      if (rows.length > 0) {
        seen = rows.reduce((sum, row) => sum + Number(row.get('quarantined') ?? 0), 0);
        if (rows.every((row) => Number(row.get('lines') ?? 0) === 0)) return seen;
      }
      if (performance.now() - from > this.#options.patienceMs) {
        this.notes.push(
          seen === undefined
            ? 'the table remote_outbox was not there: quarantine is not checked'
            : 'the table remote_outbox still shows waiting lines',
        );
        return seen;
      }
      await sleep(2000);
    }
  }

  #noteFigures(verdict: Verdict, result: Arrivals, stopMs: number): void {
    const { pingTimes, callTimes } = this.core;
    const ms = (times: readonly number[], part: number) => quantile(times, part).toFixed(1);
    const { earlyEnds } = this.extension;
    this.notes.push(
      `ping ms: p50 ${ms(pingTimes, 0.5)}, p99 ${ms(pingTimes, 0.99)}, most ${ms(pingTimes, 1)}`,
      `call ms: p50 ${ms(callTimes, 0.5)}, p99 ${ms(callTimes, 0.99)}, most ${ms(callTimes, 1)}`,
      `calls that no extension was there for: ${this.logging.masked}`,
      `lines without an answer that arrived all the same: ${verdict.deliveredUnanswered}`,
      `distributed results accepted: ${this.#distributed.accepted.size}`,
      `getQueries answered with a failure ${this.#distributed.failedPolls} times`,
      `ended by SIGTERM in ${Math.round(stopMs)} ms`,
    );
    if (result.others.length > 0)
      this.notes.push(`result lines that nobody handed over: ${result.others.length}`);
    if (earlyEnds.length > 0) this.notes.push(`ended before it had registered: ${earlyEnds.join(', ')}`);
  }
}
