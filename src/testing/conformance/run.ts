import type { Cell } from './cell.ts';
import { cells as allCells } from './cells/index.ts';
import { differences, play } from './judge/index.ts';
import { Certificates } from './server/index.ts';
import { type OpenSubject, remoteSubject } from './subject/index.ts';

export interface ConformanceOptions {
  /** Who is judged. Default: the plugins of this package. */
  readonly subject?: OpenSubject;
  /** Default: all. */
  readonly cells?: readonly Cell[];
  /** Cells at a time. Default 8. */
  readonly concurrency?: number;
  /** Told of each cell as soon as it is over. */
  readonly onResult?: (result: CellResult) => void;
}

export interface CellResult {
  readonly cell: Cell;
  /** Empty if it passed. */
  readonly differences: readonly string[];
  /** What the client said meanwhile. */
  readonly log: readonly string[];
}

/** Plays cells on real sockets and real TLS, in virtual time. In the order of the cells. */
export async function runConformance(options: ConformanceOptions = {}): Promise<CellResult[]> {
  const { subject = remoteSubject(), cells = allCells, concurrency = 8, onResult = () => {} } = options;
  const certificates = await Certificates.create();
  const results: CellResult[] = [];
  const waiting = cells.map((cell, i) => ({ cell, i }));
  const work = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const result = await judge(job.cell, certificates, subject);
      results[job.i] = result;
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}

async function judge(cell: Cell, certificates: Certificates, subject: OpenSubject): Promise<CellResult> {
  const log: string[] = [];
  try {
    const observed = await play(cell, certificates, subject, (level, text) => log.push(`${level}: ${text}`));
    return { cell, differences: differences(cell, observed), log };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { cell, differences: [text], log };
  }
}
