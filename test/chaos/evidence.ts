import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrivals, readArrivals } from './arrivals.ts';
import { judge, type Verdict } from './judge.ts';
import type { Ledger } from './ledger.ts';
import type { ServerTold } from './server-process.ts';

export interface Findings {
  readonly verdict: Verdict;
  readonly result: Arrivals;
  readonly status: Arrivals;
  /** Distributed results that the extension reported as dropped. */
  readonly droppedResults: number;
}

interface EvidencePlan {
  readonly seed: number;
  readonly lines: number;
  /** See `Evidence`. */
  readonly doubtful?: number;
}

/** Compares what the server has written with the ledger. */
export class EvidenceReader {
  readonly #ledger: Ledger;
  readonly #plan: EvidencePlan;
  readonly #logs: () => ServerTold['logs'];

  constructor(ledger: Ledger, plan: EvidencePlan, logs: () => ServerTold['logs']) {
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
      reportedDrops: reportedDrops(status.others, 'result|status'),
      doubtful: this.#plan.doubtful ?? 0,
      reportedQuarantine: quarantined,
    });
    const droppedResults = reportedDrops(status.others, 'distributed');
    return { verdict, result, status, droppedResults };
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
function reportedDrops(lines: readonly string[], streams: string): number {
  const report = new RegExp(`\\blost (\\d+) lines? of the (?:${streams}) stream`);
  return lines.reduce((sum, line) => {
    const found = report.exec(line);
    return sum + Number(found?.[1] ?? 0);
  }, 0);
}
