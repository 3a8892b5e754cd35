import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrivals, readArrivals } from './arrivals.ts';
import { judge, type Verdict } from './judge.ts';
import type { Ledger } from './ledger.ts';
import type { ServerTold } from './server-process.ts';

export interface Findings {
  readonly verdict: Verdict;
  readonly result: Arrivals;
  readonly status: Arrivals;
}

/** Compares what the server has written with the ledger. */
export class EvidenceReader {
  readonly #ledger: Ledger;
  readonly #plan: { readonly seed: number; readonly lines: number };
  readonly #logs: () => ServerTold['logs'];

  constructor(
    ledger: Ledger,
    plan: { readonly seed: number; readonly lines: number },
    logs: () => ServerTold['logs'],
  ) {
    this.#ledger = ledger;
    this.#plan = plan;
    this.#logs = logs;
  }

  /** @param quarantined lines in quarantine by the extension's own count, `undefined` if it could not be asked. */
  async findings(quarantined: number | undefined): Promise<Findings> {
    const logs = this.#logs();
    const [result, status] = await Promise.all([
      readArrivals(logs.result, 'result', this.#plan),
      readArrivals(logs.status, 'status', this.#plan),
    ]);
    const verdict = judge(this.#ledger, {
      result: result.numbers,
      status: status.numbers,
      reportedDrops: reportedDrops(status.others),
      reportedQuarantine: quarantined,
    });
    return { verdict, result, status };
  }

  /** Waits until every accepted line is there that can be, as long as something moves. */
  async untilDelivered(patienceMs: number): Promise<void> {
    let best = Number.POSITIVE_INFINITY;
    let movedAt = performance.now();
    for (;;) {
      const { lost } = (await this.findings(undefined)).verdict;
      if (lost.length === 0) return;
      if (lost.length < best) {
        best = lost.length;
        movedAt = performance.now();
      } else if (performance.now() - movedAt > patienceMs) return;
      await sleep(1000);
    }
  }
}

/** What the extension says in status lines of its own about lines that it dropped. */
function reportedDrops(lines: readonly string[]): number {
  return lines.reduce((sum, line) => {
    const found = /\blost (\d+) lines?\b/.exec(line);
    return sum + Number(found?.[1] ?? 0);
  }, 0);
}
