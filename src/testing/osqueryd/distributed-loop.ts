import type { Clock } from '../../clock/index.ts';
import type { DistributedRunner } from './engine/index.ts';
import type { Flags } from './flags.ts';
import type { PluginReply, Row } from './status.ts';

/** Asks for distributed queries, runs them and hands in the results, until `signal` is aborted. Never throws. */
export async function runDistributed(
  host: {
    readonly clock: Clock;
    readonly flags: Flags;
    readonly runner: DistributedRunner;
    /** Calls the active distributed plugin. */
    call(request: Row): Promise<PluginReply>;
  },
  signal: AbortSignal,
): Promise<void> {
  const { clock, flags, runner } = host;
  while (!signal.aborted) {
    const reply = await host.call(new Map([['action', 'getQueries']]));
    const text = reply.code === 0 ? reply.rows[0]?.get('results') : undefined;
    if (text !== undefined) await runner.accept(text);
    await runner.runPending();
    const results = runner.results();
    if (results !== undefined && !signal.aborted) {
      const request = new Map([
        ['action', 'writeResults'],
        ['results', results],
      ]);
      runner.sent((await host.call(request)).code === 0);
    }
    const pauseMs = runner.pauseSeconds(flags.number('distributed_interval')) * 1000;
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}
