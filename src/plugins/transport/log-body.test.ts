import { describe, expect, test } from 'vitest';
import type { BatchRecord, RecordKind } from '../outbox/index.ts';
import { logBody } from './log-body.ts';
import { RowWriter } from './row-lines.ts';

const options = {
  nodeKey: 'k',
  nodeApi: false,
  compress: false,
  maxLineBytes: 100,
  osqueryVersion: '5.23.0',
  rowWriter: new RowWriter(),
};

const record = (number: number, text: string, kind: RecordKind = 'line'): BatchRecord => ({
  number,
  kind,
  bytes: Buffer.from(text, 'latin1'),
  acceptedAt: 0,
});

const make = (
  records: readonly BatchRecord[],
  { firstRow = 0, maxLines = 100, maxBytes = 10_000 } = {},
  change: Partial<typeof options> = {},
) => {
  const batch = { stream: 'result' as const, writer: 'w', records, firstRow, maxLines, maxBytes };
  const body = logBody(batch, { ...options, ...change });
  const unfit = body.unfit.map(({ bytes, ...rest }) => ({
    ...rest,
    text: Buffer.from(bytes).toString('latin1'),
  }));
  return { ...body, unfit, text: body.bytes.toString('latin1') };
};

const two = '[{"s":0,"m":"a"},{"s":1,"m":"b"}]';
const rows = '{"diffResults":{"removed":[{"a":1}],"added":[{"a":2},{"a":3}]},"n":1}';

describe('what goes into the body', () => {
  test('lines go in as they are, also bytes that are not UTF-8', () => {
    expect(make([record(7, '{"a":1.0}'), record(8, '{"b":"\xff"}')])).toMatchObject({
      text: '{"data":[{"a":1.0},{"b":"\xff"}],"log_type":"result","node_key":"k"}',
      lines: 2,
      numbers: '7-8',
      next: { record: 9, row: 0 },
      unfit: [],
    });
  });

  test('with the node API, and with compression, the key comes first', () => {
    const text = '{"node_key":"k","log_type":"result","data":[{}]}';
    expect(make([record(1, '{}')], {}, { nodeApi: true }).text).toBe(text);
    expect(make([record(1, '{}')], {}, { compress: true }).text).toBe(text);
  });

  test('a key is written as JSON', () => {
    expect(make([record(1, '{}')], {}, { nodeKey: 'a"\n' }).text).toContain('"node_key":"a\\"\\n"');
  });

  test('status lines of an old core have numbers, too', () => {
    const old = '[{"s":"1","f":"x.cpp","i":"12","m":"7","h":"host","c":"then","u":"1795221096"}]';
    expect(make([record(1, old, 'statuses')], {}, { maxLineBytes: 1_000 }).text).toBe(
      '{"data":[{"hostIdentifier":"host","calendarTime":"then","unixTime":1795221096,"severity":1,"filename":"x.cpp","line":12,"message":"7","version":"5.23.0"}],"log_type":"result","node_key":"k"}',
    );
  });

  test('records without a line are passed over, and may leave nothing to send', () => {
    const empty = '{"diffResults":{"removed":[],"added":[]},"n":1}';
    expect(make([record(1, empty, 'rows'), record(2, '[]', 'statuses')])).toMatchObject({
      lines: 0,
      numbers: '',
      next: { record: 3, row: 0 },
    });
  });

  test('a record that is to be expanded and is no batch line is one line', () => {
    expect(make([record(1, '{"snapshot":[]}', 'rows')])).toMatchObject({ lines: 1, unfit: [] });
  });
});

describe('numbers', () => {
  test('ranges never run over rows and records at once', () => {
    expect(make([record(7, '{}'), record(8, rows, 'rows'), record(9, '{}'), record(10, '{}')]).numbers).toBe(
      '7-8,8.1-8.2,9-10',
    );
    expect(make([record(1, two, 'statuses'), record(2, two, 'statuses')]).numbers).toBe('1.0-1.1,2.0-2.1');
  });

  test('lines that are left out are not in them', () => {
    expect(make([record(1, '{}'), record(2, 'x'), record(3, '{}')]).numbers).toBe('1,3');
    expect(make([record(1, '[{"m":1},7,{"m":2}]', 'statuses')]).numbers).toBe('1,1.2');
  });

  test('a request that would need too long a list is cut before', () => {
    const records = Array.from({ length: 10_000 }, (_, i) => record(1_000_000 + i * 2, '{}'));
    const body = make(records, { maxLines: 10_000, maxBytes: 10_000_000 });
    expect(body.numbers.length).toBeLessThan(8_100);
    expect(body.next.record).toBe(1_000_000 + body.lines * 2);
  });
});

describe('where a request ends', () => {
  test('after maxLines, also within a record', () => {
    expect(make([record(1, '{}'), record(2, rows, 'rows')], { maxLines: 2 })).toMatchObject({
      lines: 2,
      numbers: '1-2',
      next: { record: 2, row: 1 },
    });
  });

  test('and the next one goes on there', () => {
    expect(make([record(2, rows, 'rows'), record(3, '{}')], { firstRow: 1 })).toMatchObject({
      lines: 3,
      numbers: '2.1-2.2,3',
      next: { record: 4, row: 0 },
    });
  });

  test('before maxBytes would be passed, but not without a line', () => {
    const records = [record(1, '{"a":1}'), record(2, '{"a":2}'), record(3, '{"a":3}')];
    const whole = make(records).bytes.length;
    expect(make(records, { maxBytes: whole })).toMatchObject({ lines: 3 });
    expect(make(records, { maxBytes: whole - 1 })).toMatchObject({ lines: 2, next: { record: 3, row: 0 } });
    expect(make(records, { maxBytes: 1 })).toMatchObject({ lines: 1, next: { record: 2, row: 0 } });
  });
});

describe('lines that never go to a server', () => {
  test('what is no JSON', () => {
    expect(make([record(1, '{"a":'), record(2, '{}')])).toMatchObject({
      lines: 1,
      unfit: [{ record: 1, row: 0, reason: 'not JSON', text: '{"a":' }],
    });
  });

  test('what is longer than logger_tls_max_linesize', () => {
    const long = `{"a":"${'x'.repeat(92)}"}`;
    expect(make([record(1, long), record(2, `${long} `)])).toMatchObject({
      lines: 1,
      next: { record: 3, row: 0 },
      unfit: [{ record: 2, row: 0, reason: 'longer than logger_tls_max_linesize: 101 bytes' }],
    });
  });

  test('a single row, in the form in which it would have gone', () => {
    const long = `{"diffResults":{"removed":[],"added":[{"a":1},{"a":"${'x'.repeat(90)}"},{"a":3}]},"n":1}`;
    expect(make([record(5, long, 'rows')])).toMatchObject({
      lines: 2,
      numbers: '5,5.2',
      unfit: [{ record: 5, row: 1, text: `{"n":1,"columns":{"a":"${'x'.repeat(90)}"},"action":"added"}` }],
    });
  });

  test('a status call that is no array, and elements that are no objects', () => {
    expect(make([record(1, '{"s":0}', 'statuses'), record(2, '[7]', 'statuses')])).toMatchObject({
      lines: 0,
      next: { record: 3, row: 0 },
      unfit: [
        { record: 1, row: 0, reason: 'not a JSON array of status lines', text: '{"s":0}' },
        { record: 2, row: 0, reason: 'not a status line', text: '7' },
      ],
    });
  });
});
