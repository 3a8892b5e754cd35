import { setTimeout as sleep } from 'node:timers/promises';
import { type Kill, type Plan, type ServerKill, type ThreadKill, trailingLines } from './plan.ts';
import { type RunResult, Scene, type SceneOptions } from './scene.ts';
import { TransportThread } from './transport-thread.ts';

export type { RunResult } from './scene.ts';

export interface RunOptions extends Omit<SceneOptions, 'plan' | 'env' | 'masked'> {
  readonly plan: Plan;
  /** Environment of the extension beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a plan: server and extension as processes of their own, this process as osqueryd. */
export async function run(options: RunOptions): Promise<RunResult> {
  const run = new Run(options);
  try {
    return await run.result();
  } finally {
    await run.end();
  }
}

class Run {
  readonly #plan: Plan;
  readonly #say: (text: string) => void;
  readonly #scene: Scene;
  #thread: TransportThread | undefined;

  constructor(options: RunOptions) {
    const { plan, say } = options;
    this.#plan = plan;
    this.#say = say;
    // Where only the transport thread is killed, nothing has to mask a call that fails.
    const masked = plan.threadKills.length === 0;
    const env = (directory: string) => {
      if (!masked) this.#thread = new TransportThread(directory);
      return { ...this.#thread?.env, ...options.env };
    };
    this.#scene = new Scene({ ...options, env, masked });
  }

  async result(): Promise<RunResult> {
    await this.#scene.start();
    await this.#storm();
    await this.#scene.drain(async () => {
      if (this.#plan.kills.length === 0) return;
      // What is delivered must stay so: a restart that sends again what the server has would show now.
      await this.#scene.extension.kill();
      this.#scene.extension.start();
      await this.#scene.registered();
    });
    return this.#scene.result();
  }

  async end(): Promise<void> {
    await this.#scene.end();
  }

  /** Lines come in while the extension and the server are killed. */
  async #storm(): Promise<void> {
    const { lines, kills, serverKills, threadKills } = this.#plan;
    const { logging } = this.#scene;
    const most = lines - trailingLines(lines);
    if (threadKills.length === 0) logging.allow(most);
    await Promise.all([
      logging.reached(most),
      this.#killExtension(kills),
      this.#killServer(serverKills),
      this.#killThread(threadKills),
    ]);
    this.#say(`${logging.offered} lines handed over`);
  }

  async #killExtension(kills: readonly Kill[]): Promise<void> {
    const { logging, extension } = this.#scene;
    for (const { moment, afterLines, delayMs, downMs } of kills) {
      if (moment === 'logging' || moment === 'draining') await logging.reached(afterLines);
      if (moment !== 'starting') await this.#scene.registered();
      if (moment === 'draining') logging.pause();
      await sleep(delayMs);
      this.#say(`kill while ${moment}, ${logging.offered} lines handed over`);
      await extension.kill();
      logging.resume();
      await sleep(downMs);
      extension.start();
    }
    await this.#scene.registered();
  }

  async #killThread(kills: readonly ThreadKill[]): Promise<void> {
    const { logging, violations } = this.#scene;
    const { lines } = this.#plan;
    for (const [i, { afterLines, delayMs }] of kills.entries()) {
      // Lines are much quicker than a thread that starts again, and go on only when it is about to die.
      logging.allow(afterLines);
      await logging.reached(afterLines);
      await sleep(delayMs);
      this.#say(`the transport thread ends, ${logging.offered} lines handed over`);
      logging.allow(kills[i + 1]?.afterLines ?? lines - trailingLines(lines));
      if (!(await this.#thread?.suffer('exit'))) violations.push('no transport thread was there to end');
    }
  }

  async #killServer(kills: readonly ServerKill[]): Promise<void> {
    const { logging, server } = this.#scene;
    for (const { afterLines, delayMs, downMs } of kills) {
      await logging.reached(afterLines);
      await sleep(delayMs);
      await server.kill();
      await sleep(downMs);
      await server.start();
    }
  }
}
