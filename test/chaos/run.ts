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
import { type Kill, type Plan, type ServerKill, type ThreadKill, trailingLines } from './plan.ts';
import { ServerControl } from './server.ts';
import { TransportThread } from './transport-thread.ts';

export interface RunOptions {
  readonly title: string;
  readonly plan: Plan;
  /** The extension's executable. */
  readonly extension: string;
  /** Environment of the extension beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly say: (text: string) => void;
  /** Milliseconds without progress after which the rest counts as lost. */
  readonly patienceMs: number;
  /** Milliseconds after the last restart in which something may be sent again. */
  readonly settleMs: number;
}

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

/** Runs a plan: server and extension as processes of their own, this process as osqueryd. */
export async function run(options: RunOptions): Promise<RunResult> {
  const run = new Run(options);
  try {
    await run.start();
    await run.storm();
    await run.drain();
    return await run.result();
  } finally {
    await run.end();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'chaos-'));
  readonly #server: ServerControl;
  readonly #core: Core;
  readonly #extension: ExtensionControl;
  readonly #thread: TransportThread | undefined;
  readonly #logging: Logging;
  readonly #evidence: EvidenceReader;
  readonly #distributed: Distributed;
  readonly #notes: string[] = [];
  readonly #violations: string[] = [];
  #loops: Promise<unknown>[] = [];
  #refreshing: Promise<void> = Promise.resolve();
  #handingOver: Promise<void> = Promise.resolve();
  #asking = true;
  #running = true;
  #quarantine: number | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    const { plan, say } = options;
    const ledger = new Ledger();
    // Where only the transport thread is killed, nothing has to mask a call that fails.
    const masked = plan.threadKills.length === 0;
    const loggers = masked ? 'remote,stdout' : 'remote';
    this.#thread = masked ? undefined : new TransportThread(this.#directory);
    mkdirSync(join(this.#directory, 'server'));
    this.#server = new ServerControl(join(this.#directory, 'server'), plan.faultSeed);
    const secret = join(this.#directory, 'secret');
    writeFileSync(secret, 'made-up-secret\n', { mode: 0o600 });
    this.#core = new Core({
      socketPath: join(this.#directory, 'osq.em'),
      flags: () =>
        flagsFor({ directory: this.#directory, secretFile: secret, port: this.#server.told.port, loggers }),
      intervalMs: 1000,
      log: say,
    });
    this.#extension = new ExtensionControl({
      path: options.extension,
      core: this.#core,
      env: {
        ...process.env,
        ...this.#thread?.env,
        ...options.env,
        OSQUERY_REMOTE_STORE: join(this.#directory, 'store'),
      },
      outputFile: join(this.#directory, 'extension.log'),
    });
    this.#logging = new Logging(this.#core, ledger, masked);
    this.#evidence = new EvidenceReader(ledger, plan, () => this.#server.told.logs);
    this.#distributed = new Distributed(this.#core, this.#server);
  }

  async start(): Promise<void> {
    await this.#server.start();
    copyFileSync(this.#server.told.caFile, join(this.#directory, 'ca.pem'));
    await this.#core.start();
    this.#extension.start();
    await this.#registered();
    await this.#greet();
    this.#loops = [this.#distributed.run(), this.#askLoop()];
    this.#refreshing = this.#configLoop();
  }

  /** Lines come in while the extension and the server are killed. */
  async storm(): Promise<void> {
    const { plan, say } = this.#options;
    const most = plan.lines - trailingLines(plan.lines);
    this.#handingOver = this.#logging.run(plan);
    if (plan.threadKills.length === 0) this.#logging.allow(most);
    const kills = this.#killExtension(plan.kills);
    const serverKills = this.#killServer(plan.serverKills);
    const threadKills = this.#killThread(plan.threadKills);
    await Promise.all([this.#logging.reached(most), kills, serverKills, threadKills]);
    say(`${this.#logging.offered} lines handed over`);
  }

  /** Waits until the extension has nothing left, with one more restart in between. */
  async drain(): Promise<void> {
    this.#server.calm();
    this.#asking = false;
    while (this.#distributed.pending > 0 && this.#core.has('distributed/remote')) await sleep(100);
    this.#distributed.stop();
    await Promise.all(this.#loops);
    await this.#evidence.untilDelivered(this.#options.patienceMs);
    // What is delivered must stay so: a restart that sends again what the server has would show now.
    if (this.#options.plan.kills.length > 0) {
      await this.#extension.kill();
      this.#extension.start();
      await this.#registered();
    }
    await sleep(this.#options.settleMs);
    await this.#evidence.untilDelivered(this.#options.settleMs);
    this.#quarantine = await this.#countQuarantine();
    this.#logging.allow(this.#options.plan.lines);
    await this.#handingOver;
    await this.#evidence.untilDelivered(this.#options.patienceMs);
  }

  async result(): Promise<RunResult> {
    const missing = await this.#distributed.missing();
    this.#running = false;
    await this.#refreshing;
    const stopMs = await this.#extension.stop();
    if (stopMs > 11_000) this.#violations.push(`did not end within 11 s after SIGTERM`);
    const { verdict, result, status } = await this.#evidence.findings(this.#quarantine);
    this.#violations.push(...missing.map((what) => `result of a distributed query: ${what}`));
    this.#violations.push(...this.#distributed.failures);
    this.#violations.push(...[...result.spoilt, ...status.spoilt].map((what) => `spoilt: ${what}`));
    this.#violations.push(...this.#extension.crashes.map((how) => `the extension ended by itself: ${how}`));
    this.#noteFigures(verdict, result, stopMs);
    return {
      title: this.#options.title,
      verdict,
      exit78: this.#logging.fatal.map(({ what }) => what),
      violations: [...this.#violations, ...verdict.contradictions],
      notes: this.#notes,
      directory: this.#directory,
    };
  }

  async end(): Promise<void> {
    this.#running = false;
    this.#asking = false;
    this.#distributed.stop();
    await this.#extension.kill();
    await this.#core.stop();
    await this.#server.kill();
    this.#extension.close();
  }

  async #killExtension(kills: readonly Kill[]): Promise<void> {
    for (const { moment, afterLines, delayMs, downMs } of kills) {
      if (moment === 'logging' || moment === 'draining') await this.#logging.reached(afterLines);
      if (moment !== 'starting') await this.#registered();
      if (moment === 'draining') this.#logging.pause();
      await sleep(delayMs);
      this.#options.say(`kill while ${moment}, ${this.#logging.offered} lines handed over`);
      await this.#extension.kill();
      this.#logging.resume();
      await sleep(downMs);
      this.#extension.start();
    }
    await this.#registered();
  }

  async #killThread(kills: readonly ThreadKill[]): Promise<void> {
    const { lines } = this.#options.plan;
    for (const [i, { afterLines, delayMs }] of kills.entries()) {
      // Lines are much quicker than a thread that starts again, and go on only when it is about to die.
      this.#logging.allow(afterLines);
      await this.#logging.reached(afterLines);
      await sleep(delayMs);
      this.#options.say(`the transport thread ends, ${this.#logging.offered} lines handed over`);
      this.#logging.allow(kills[i + 1]?.afterLines ?? lines - trailingLines(lines));
      if (!(await this.#thread?.suffer('exit')))
        this.#violations.push('no transport thread was there to end');
    }
  }

  async #killServer(kills: readonly ServerKill[]): Promise<void> {
    for (const { afterLines, delayMs, downMs } of kills) {
      await this.#logging.reached(afterLines);
      await sleep(delayMs);
      await this.#server.kill();
      await sleep(downMs);
      await this.#server.start();
    }
  }

  async #registered(): Promise<void> {
    while (!this.#core.has('logger/remote')) await this.#core.changed();
  }

  /** What core asks for once, at its start. */
  async #greet(): Promise<void> {
    // A plugin is activated, and lines come, only when it has answered.
    const genConfig = new Map([['action', 'genConfig']]);
    while ((await this.#core.call('config', 'remote', genConfig)).kind !== 'answered') await sleep(20);
    await this.#core.call('logger', 'remote', new Map([['init', 'osqueryd']]));
    const features = await this.#core.call('logger', 'remote', new Map([['action', 'features']]));
    if (features.kind === 'answered' && (features.code & 1) === 0) {
      this.#violations.push(`features are ${features.code}: no status line would ever be sent`);
    }
  }

  async #configLoop(): Promise<void> {
    let failed = 0;
    while (this.#running) {
      const outcome = await this.#core.call('config', 'remote', new Map([['action', 'genConfig']]));
      if (outcome.kind === 'answered' && outcome.code !== 0) failed++;
      await sleep(1000);
    }
    this.#notes.push(`genConfig answered with a failure ${failed} times`);
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
      this.#logging.allow(this.#logging.offered + 1);
      const outcome = await this.#core.call('table', 'remote_outbox', generateRequest);
      const rows = outcome.kind === 'answered' && outcome.code === 0 ? outcome.rows : [];
      if (rows.length > 0) {
        seen = rows.reduce((sum, row) => sum + Number(row.get('quarantined') ?? 0), 0);
        if (rows.every((row) => Number(row.get('lines') ?? 0) === 0)) return seen;
      }
      if (performance.now() - from > this.#options.patienceMs) {
        this.#notes.push(
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
    const { pingTimes, callTimes } = this.#core;
    const ms = (times: readonly number[], part: number) => quantile(times, part).toFixed(1);
    const { earlyEnds } = this.#extension;
    this.#notes.push(
      `ping ms: p50 ${ms(pingTimes, 0.5)}, p99 ${ms(pingTimes, 0.99)}, most ${ms(pingTimes, 1)}`,
      `call ms: p50 ${ms(callTimes, 0.5)}, p99 ${ms(callTimes, 0.99)}, most ${ms(callTimes, 1)}`,
      `calls that no extension was there for: ${this.#logging.masked}`,
      `lines without an answer that arrived all the same: ${verdict.deliveredUnanswered}`,
      `distributed results accepted: ${this.#distributed.accepted.size}`,
      `getQueries answered with a failure ${this.#distributed.failedPolls} times`,
      `ended by SIGTERM in ${Math.round(stopMs)} ms`,
    );
    if (result.others.length > 0)
      this.#notes.push(`result lines that nobody handed over: ${result.others.length}`);
    if (earlyEnds.length > 0) this.#notes.push(`ended before it had registered: ${earlyEnds.join(', ')}`);
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
