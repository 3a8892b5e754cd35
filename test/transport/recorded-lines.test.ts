import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import * as thrift from '#thrift';
import { decodeMessage } from '../../src/extension/wire/index.ts';
import { membersOf } from '../../src/plugins/transport/json-scan.ts';
import { logBody } from '../../src/plugins/transport/log-body.ts';
import { RowWriter } from '../../src/plugins/transport/row-lines.ts';

/** Recorded between a real osqueryd and a raw-socket extension; see test/traces/README.md. */
const folder = join(import.meta.dirname, '..', 'traces');

/** The values of `key` in all logger calls of a trace, in order. */
function logged(file: string, key: string): Buffer[] {
  return readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(
      (event) =>
        event.event === 'data' && event.from === 'core' && event.decoded?.method === 'call' && !event.partial,
    )
    .flatMap((event) => {
      const bytes = event.bytes_b64
        ? Buffer.from(event.bytes_b64, 'base64')
        : inflateSync(Buffer.from(event.bytes_zlib_b64, 'base64'));
      const { body, type } = decodeMessage(bytes);
      if (type !== 'call') return [];
      const args = new thrift.Extension_call_args();
      args.read(body);
      const value = (args as unknown as { request: Map<string, Buffer> }).request.get(key);
      return value === undefined ? [] : [Buffer.from(value)];
    });
}

/** An event line, cut into what its query's lines share, its row and its action. */
function parts(line: Buffer): { common: string; columns: string; action: string } | undefined {
  const text = line.toString('latin1');
  const members = membersOf(line) ?? [];
  const columns = members.find(({ key }) => text.slice(key.start, key.end) === '"columns"');
  const action = members.at(-1);
  if (columns === undefined || action === undefined) return undefined;
  return {
    common: text.slice(1, columns.key.start - 1),
    columns: text.slice(columns.value.start, columns.value.end),
    action: text.slice(action.value.start, action.value.end),
  };
}

/** The batch line that osqueryd would have written instead of these event lines. */
function fold(lines: readonly Buffer[]): Buffer {
  const all = lines.map(parts);
  const rows = (action: string) => all.filter((line) => line?.action === action).map((line) => line?.columns);
  const lists = `"removed":[${rows('"removed"').join(',')}],"added":[${rows('"added"').join(',')}]`;
  return Buffer.from(`{"diffResults":{${lists}},${all[0]?.common}}`, 'latin1');
}

/** Event lines, one group per query and run. */
function groups(lines: readonly Buffer[]): Buffer[][] {
  const found: Buffer[][] = [];
  let last: string | undefined;
  for (const line of lines) {
    const common = parts(line)?.common;
    if (common === undefined) continue;
    if (common !== last) found.push([]);
    found.at(-1)?.push(line);
    last = common;
  }
  return found;
}

const rowWriter = new RowWriter();

const latin1 = (lines: Iterable<{ bytes: Uint8Array }> | undefined) =>
  [...(lines ?? [])].map(({ bytes }) => Buffer.from(bytes).toString('latin1'));

describe('recorded event lines, folded into a batch line, come out again byte for byte', () => {
  test.each([
    'logger-results.ndjson',
    'logger-results-5.23.1.ndjson',
    'logger-results-snapshot-events-numerics.ndjson',
    'unicode-binary.ndjson',
    'logger-event.ndjson',
  ])('%s', (file) => {
    const all = groups(logged(file, 'string'));
    expect(all.length).toBeGreaterThan(0);
    for (const lines of all) {
      expect(latin1(rowWriter.lines(fold(lines), 0, ''))).toEqual(
        lines.map((line) => line.toString('latin1')),
      );
    }
  });
});

describe('recorded batch lines are written out row by row', () => {
  test.each(['logger-results-batch.ndjson', 'logger-results-batch-5.23.1.ndjson'])('%s', (file) => {
    const records = logged(file, 'string');
    let rows = 0;
    for (const record of records) {
      const lines = latin1(rowWriter.lines(record, 0, ''));
      const { diffResults, ...common } = JSON.parse(record.toString());
      const expected = (['removed', 'added'] as const).flatMap((action) =>
        (diffResults[action] ?? []).map((columns: unknown) => ({ ...common, columns, action })),
      );
      expect(lines.map((line) => JSON.parse(Buffer.from(line, 'latin1').toString()))).toEqual(expected);
      // Folded again they are the line that came.
      if (lines.length > 0) {
        expect(fold(lines.map((line) => Buffer.from(line, 'latin1'))).equals(record)).toBe(true);
      }
      rows += lines.length;
    }
    expect(records.length).toBeGreaterThan(0);
    expect(rows).toBeGreaterThan(records.length);
  });
});

test('recorded status calls become the lines of the built-in logger', () => {
  const calls = logged('logger-status.ndjson', 'log');
  const records = calls.map((bytes, i) => ({
    number: i + 1,
    kind: 'statuses' as const,
    bytes,
    acceptedAt: 0,
  }));
  const limits = { firstRow: 0, maxLines: 10_000, maxBytes: 10_000_000 };
  const body = logBody(
    { stream: 'status', writer: 'w', records, ...limits },
    {
      nodeKey: 'k',
      nodeApi: false,
      compress: false,
      rowWriter,
      maxLineBytes: 1_048_576,
      osqueryVersion: '5.23.0',
    },
  );
  const sent = JSON.parse(body.bytes.toString());
  const expected = calls.flatMap((call) =>
    JSON.parse(call.toString()).map(({ s, f, i, m, h, c, u }: Record<string, unknown>) => ({
      hostIdentifier: h,
      calendarTime: c,
      unixTime: u,
      severity: s,
      filename: f,
      line: i,
      message: m,
      version: '5.23.0',
    })),
  );
  expect(sent).toEqual({ data: expected, log_type: 'status', node_key: 'k' });
  const order = 'hostIdentifier calendarTime unixTime severity filename line message version';
  for (const line of sent.data) expect(Object.keys(line).join(' ')).toBe(order);
  expect(body).toMatchObject({
    lines: expected.length,
    unfit: [],
    next: { record: calls.length + 1, row: 0 },
  });
});
