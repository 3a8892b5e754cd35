import type { Batch, BatchRecord, Deliver, Delivery, DeliveryAnswer, UnfitLine } from './batch.ts';

/** A line as the simulated server sees it. */
export interface SentLine {
  readonly text: string;
  readonly id: string;
}

/**
 * For tests of the outbox: delivers to a server that is a function. A record of kind `line` is one line; any other is
 * as many as its text has parts between `|`, none if it is empty. A line that begins with `unfit` never goes out.
 */
export class SimulatedServer {
  /** Lines that the server took, in order, each once: a repeat is recognized by its number. */
  readonly lines: string[] = [];
  /** Lines of every request, taken or not. */
  readonly requests: string[][] = [];
  repeats = 0;
  answer: (lines: readonly string[], bytes: number) => DeliveryAnswer | Promise<DeliveryAnswer>;
  readonly #seen = new Set<string>();

  constructor(answer: SimulatedServer['answer'] = () => ({ kind: 'delivered' })) {
    this.answer = answer;
  }

  readonly deliver: Deliver = async (batch, signal): Promise<Delivery> => {
    signal.throwIfAborted();
    const { lines, next, unfit, bytes } = fillBody(batch);
    if (lines.length === 0) return { answer: { kind: 'delivered' }, lines: 0, bytes: 0, next, unfit };
    const texts = lines.map((line) => line.text);
    this.requests.push(texts);
    const answer = await this.answer(texts, bytes);
    signal.throwIfAborted();
    if (answer.kind === 'delivered') this.take(lines);
    return { answer, lines: lines.length, bytes, next, unfit };
  };

  take(lines: readonly SentLine[]): void {
    for (const { text, id } of lines) {
      if (this.#seen.has(id)) {
        this.repeats += 1;
        continue;
      }
      this.#seen.add(id);
      this.lines.push(text);
    }
  }
}

function fillBody(batch: Batch) {
  const lines: SentLine[] = [];
  const unfit: UnfitLine[] = [];
  let bytes = 0;
  let next = { record: batch.records[0]?.number ?? 0, row: batch.firstRow };
  for (const [index, record] of batch.records.entries()) {
    const rows = rowsOf(record);
    for (let row = index === 0 ? batch.firstRow : 0; row < rows.length; row++) {
      const text = rows[row] ?? '';
      next = { record: record.number, row };
      if (text.startsWith('unfit')) {
        unfit.push({ record: record.number, row, reason: 'not JSON', bytes: Buffer.from(text) });
        continue;
      }
      const isFull = lines.length >= batch.maxLines || bytes + text.length > batch.maxBytes;
      if (lines.length > 0 && isFull) return { lines, unfit, bytes, next };
      lines.push({ text, id: `${batch.stream} ${batch.writer} ${record.number}.${row}` });
      bytes += text.length;
    }
    next = { record: record.number + 1, row: 0 };
  }
  return { lines, unfit, bytes, next };
}

function rowsOf(record: BatchRecord): string[] {
  const text = Buffer.from(record.bytes).toString();
  if (record.kind === 'line') return [text];
  return text === '' ? [] : text.split('|');
}
