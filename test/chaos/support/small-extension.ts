import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dedupeHeaders } from '../../../src/api.ts';
import { readMessage, textEntries, textField } from '../../stand-in/thrift-lite.ts';
import { callOnce, encode, reply, textMap, type Wire, wireTypes } from '../wire.ts';

/**
 * The smallest extension that loses nothing, and which can be told by `CHAOS_FAULT` to do what the driver must see:
 * `lose`, `double`, `shuffle`, `spoil`, `refuse`.
 */
const fault = process.env['CHAOS_FAULT'] ?? '';
const store = process.env['OSQUERY_REMOTE_STORE'] ?? '';
const manager = process.argv[process.argv.indexOf('--socket') + 1] ?? '';
const batchLines = 300;

type Stream = 'result' | 'status';

mkdirSync(store, { recursive: true });
const path = (name: string) => join(store, name);
const read = (name: string) => (existsSync(path(name)) ? readFileSync(path(name), 'latin1') : '');
const write = (name: string, text: string) => {
  writeFileSync(path(`${name}-new`), text, 'latin1');
  renameSync(path(`${name}-new`), path(name));
};

/** All lines of a stream since the beginning; a torn last one was never answered. */
const journals = { result: openJournal('result'), status: openJournal('status') };
const acknowledged = { result: Number(read('result-ack')), status: Number(read('status-ack')) };
let quarantined = Number(read('quarantined'));
let accepted = 0;
let key = read('key');

function openJournal(stream: Stream): string[] {
  const lines = read(stream).split('\n');
  lines.pop();
  write(stream, lines.map((line) => `${line}\n`).join(''));
  return lines;
}

function append(stream: Stream, texts: readonly string[]): void {
  accepted++;
  if (fault === 'lose' && accepted === 100) return;
  const spoilt = fault === 'spoil' && accepted === 100;
  const lines = spoilt ? texts.map((text) => text.replace('"pad"', '"pat"')) : texts;
  appendFileSync(path(stream), lines.map((line) => `${line}\n`).join(''), 'latin1');
  journals[stream].push(...lines);
  if (fault === 'shuffle' && accepted === 100) journals[stream].reverse();
}

const options = await register();
void deliver('result');
void deliver('status');

/** Registers, listens, and returns the values of all flags. */
async function register(): Promise<Map<string, string>> {
  const info: Wire = {
    struct: [
      [1, { text: 'small' }],
      [2, { text: '1' }],
      [3, { text: '5.23.0' }],
      [4, { text: '' }],
    ],
  };
  const plugins = ['config', 'logger', 'distributed'].map(
    (name) => [{ text: name }, table('remote')] as const,
  );
  const outbox = [{ text: 'table' }, table('remote_outbox')] as const;
  const registry: Wire = { map: [...plugins, outbox], keys: wireTypes.text, values: wireTypes.map };
  for (;;) {
    const args = [[1, info] as const, [2, registry] as const];
    const result = await callOnce(manager, 'registerExtension', { struct: args }, 5000);
    const status = result.kind === 'answer' ? result.message.body.get(0) : undefined;
    if (status instanceof Map && status.get(1) === 0) {
      listen(Number(status.get(3)));
      break;
    }
    await sleep(100);
  }
  const result = await callOnce(manager, 'options', { struct: [] }, 5000);
  const list = result.kind === 'answer' ? result.message.body.get(0) : undefined;
  if (typeof list !== 'object' || !('entries' in list) || typeof list.entries === 'function') process.exit(1);
  return new Map(
    list.entries.map(([name, one]) => [String(name), textField(one instanceof Map ? one : new Map(), 1)]),
  );
}

function table(name: string): Wire {
  const row = textMap([['id', 'column']]);
  const rows: Wire = { list: [row], of: wireTypes.map };
  return { map: [[{ text: name }, rows]], keys: wireTypes.text, values: wireTypes.list };
}

function listen(uuid: number): void {
  createServer((socket) => {
    let held: Buffer = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      held = Buffer.concat([held, piece]);
      const message = readMessage(held);
      if (message === undefined) return;
      const { name, seqid, body } = message;
      const request = new Map(textEntries(body.get(3)));
      const success = name === 'ping' ? status(0) : answer(textField(body, 1), request);
      socket.write(encode(name, reply, seqid, { struct: [[0, success]] }));
    });
  }).listen(`${manager}.${uuid}`);
}

function answer(registry: string, request: Map<string, string>): Wire {
  if (registry === 'logger') {
    if (request.get('action') === 'features') return response(1, []);
    const line = request.get('string') ?? request.get('snapshot');
    if (line !== undefined) append('result', [line]);
    else if (request.has('status')) append('status', JSON.parse(request.get('log') ?? '[]').map(statusLine));
    return response(fault === 'refuse' && accepted === 100 ? 1 : 0, []);
  }
  if (registry === 'config') return response(0, [['remote', '{}']]);
  if (registry === 'distributed') return response(0, [['results', '{}']]);
  const waiting = journals.result.length - acknowledged.result + journals.status.length - acknowledged.status;
  const row: [string, string][] = [
    ['lines', String(waiting)],
    ['quarantined', String(quarantined)],
  ];
  return response(0, row);
}

function status(code: number): Wire {
  return {
    struct: [
      [1, { i32: code }],
      [2, { text: 'OK' }],
      [3, { i64: 0 }],
    ],
  };
}

function response(code: number, row: [string, string][]): Wire {
  const rows: Wire = { list: row.length === 0 ? [] : [textMap(row)], of: wireTypes.map };
  return {
    struct: [
      [1, status(code)],
      [2, rows],
    ],
  };
}

/** `log` was parsed as characters that are bytes, and is written in the same way. */
function statusLine({ s, f, i, m, h, c, u }: Record<string, unknown>): string {
  const [severity, line, unixTime] = [Number(s), Number(i), Number(u)];
  return JSON.stringify({
    hostIdentifier: h,
    calendarTime: c,
    unixTime,
    severity,
    filename: f,
    line,
    message: m,
  });
}

async function deliver(stream: Stream): Promise<void> {
  let size = batchLines;
  let refusals = 0;
  let doubled = false;
  for (;;) {
    const from = acknowledged[stream];
    const lines = journals[stream].slice(from, from + size).filter((line) => line.length <= 32 * 1024);
    const count = Math.min(size, journals[stream].length - from);
    const outcome = count === 0 ? 'idle' : await post(stream, from + 1, lines, count);
    if (outcome === 'taken') {
      const unfit = count - lines.length;
      quarantined += unfit;
      if (unfit > 0) write('quarantined', String(quarantined));
      acknowledged[stream] += count;
      size = batchLines;
      refusals = 0;
      if (fault === 'double' && !doubled && lines.length > 1) {
        doubled = true;
        await post(stream, 1_000_000 + from, lines.slice(0, 1), 1);
      }
    } else if (outcome === 'refused' && count === 1 && ++refusals > 1) {
      quarantined += 1;
      write('quarantined', String(quarantined));
      acknowledged[stream] += 1;
      refusals = 0;
    } else if (outcome === 'refused') size = Math.max(1, Math.floor(size / 2));
    if (outcome === 'taken' || outcome === 'refused') write(`${stream}-ack`, String(acknowledged[stream]));
    else await sleep(100);
  }
}

type Outcome = 'taken' | 'refused' | 'failed';

async function post(stream: Stream, first: number, lines: string[], count: number): Promise<Outcome> {
  if (lines.length === 0) return 'taken';
  if (lines.length < count) return postEach(stream, first, lines, count);
  if (key === '') {
    const enrolled = await send(
      '/enroll',
      '{"enroll_secret":"made-up-secret","host_identifier":"chaos-host"}',
      {},
    );
    key = /"node_key":"([^"]+)"/.exec(enrolled.text)?.[1] ?? '';
    if (key === '') return 'failed';
    write('key', key);
  }
  const { status: code, text } = await send(
    '/log',
    `{"node_key":"${key}","log_type":"${stream}","data":[${lines.join(',')}]}`,
    {
      [dedupeHeaders.writer]: 'small',
      [dedupeHeaders.stream]: stream,
      [dedupeHeaders.numbers]: `${first}-${first + lines.length - 1}`,
    },
  );
  if (text.includes('node_invalid')) key = '';
  if (code === 400 || code === 413) return 'refused';
  return code === 200 && text === '{}' ? 'taken' : 'failed';
}

/** A batch with a line that does not go out: its numbers have gaps, so each line goes alone. */
async function postEach(stream: Stream, first: number, lines: string[], count: number): Promise<Outcome> {
  const all = journals[stream].slice(first - 1, first - 1 + count);
  for (const [i, line] of all.entries()) {
    if (!lines.includes(line)) continue;
    const outcome = await post(stream, first + i, [line], 1);
    if (outcome !== 'taken') return outcome === 'refused' && count > 1 ? 'refused' : outcome;
  }
  return 'taken';
}

function send(
  where: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const bytes = Buffer.from(body, 'latin1');
    const failed = () => resolve({ status: 0, text: '' });
    const outgoing = request(
      `https://${options.get('tls_hostname')}${where}`,
      {
        method: 'POST',
        agent: false,
        ca: readFileSync(options.get('tls_server_certs') ?? ''),
        headers: { ...headers, 'content-length': bytes.length },
        timeout: 3000,
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('latin1');
        incoming.on('data', (piece: string) => {
          text += piece;
        });
        incoming.on('error', failed);
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', failed);
    outgoing.end(bytes);
  });
}
