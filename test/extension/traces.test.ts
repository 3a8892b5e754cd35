import { afterAll, describe, expect, test } from 'vitest';
import { Extension_call_result, ExtensionManager_registerExtension_args } from '#thrift';
import { ExtensionServer } from '../../src/extension/extension-server.ts';
import type { Plugin } from '../../src/extension/index.ts';
import { failure } from '../../src/extension/plugin.ts';
import { RawSocket, socketPath } from '../../src/extension/test-support/raw-socket.ts';
import { decodeMessage, MessageScanner } from '../../src/extension/wire/index.ts';
import { readTrace, type Trace } from '../stand-in/trace.ts';
import { exchangesOf, type RecordedExchange, type Row, tracesWithBytes } from './support/recorded.ts';
import { pluginFor } from './support/recorded-plugin.ts';

/** Calls whose recorded answer is not asked of us, by reason; printed at the end. */
const notCompared = new Map<string, Set<string>>();

afterAll(() => {
  const lines = [...notCompared].map(([reason, names]) => `- ${reason}: ${[...names].join(', ')}`);
  console.info(`Recorded answers that no plugin of the SDK gives:\n${lines.join('\n')}`);
});

describe('our plugins, called as the recorded ones, answer as they did', () => {
  for (const name of tracesWithBytes()) {
    const trace = readTrace(name);
    const exchanges = exchangesOf(trace);
    if (exchanges.length === 0) {
      test.skip(`${name} (left out: osqueryd called nothing)`, () => {});
      continue;
    }
    test(`${name}: ${exchanges.length} calls`, async () => {
      const routes = routesOf(trace);
      let plugin: Plugin | undefined;
      const server = new ExtensionServer({
        call: (_registry, _item, request) => plugin?.call(request) ?? failure('no plugin'),
        shutdown: () => {},
      });
      const path = socketPath();
      await server.listen(path, 1);
      for (const exchange of exchanges) {
        plugin = exchange.method === 'call' ? pluginFor(exchange, routes) : undefined;
        const [uuid] = uuidOf(exchange);
        if (uuid !== undefined && uuid !== server.uuid) await server.listen(path, uuid);
        const bytes = await ask(path, exchange.bytes);
        const reason = reasonNotToCompare(exchange);
        if (reason === undefined) expect(kindOf(exchange, bytes)).toEqual(recordedKind(exchange));
        else {
          notCompared.set(reason, (notCompared.get(reason) ?? new Set()).add(name));
          expect(typeof codeOf(bytes)).toBe('number');
        }
      }
      await server.close();
    });
  }
});

/** Why an answer of the recorder's plugins, which were made to try osqueryd, is not one of ours. */
function reasonNotToCompare({ method, answer, request }: RecordedExchange): string | undefined {
  if (method === 'call' && answer.kind === 'exception') {
    return 'an exception of Thrift; ours is a status 1 with the message';
  }
  if (answer.kind === 'broken') return 'bytes that are no proper reply';
  if (answer.kind === 'none') return 'no answer';
  if (answer.kind !== 'reply') return undefined;
  const isFeatures = request.get('action')?.toString() === 'features';
  if (answer.code > 1 && !isFeatures) return 'status 2 for a failure; ours is 1';
  const action = request.get('action')?.toString();
  const [row] = answer.rows;
  if (action === 'genConfig' && answer.code === 0 && row === undefined) {
    return 'no row for a config without sources; ours is one row without sources, which is the same to core';
  }
  if (action === 'genPack' && answer.code === 0 && !row?.has(request.get('name')?.toString() ?? '')) {
    return 'a pack that is not there as success; ours is status 1, which core does not look at';
  }
  if (action === 'getQueries' && answer.code === 0 && !row?.has('results')) {
    return 'no work as a reply without results; ours is {}';
  }
  if (answer.code !== 0 && row !== undefined && !isFeatures && !['insert', 'update'].includes(action ?? '')) {
    return 'a failure with rows, which core does not look at';
  }
  if (action === 'option') return 'the words in which a plugin refuses an action that it does not know';
  if (['insert', 'update', 'delete'].includes(action ?? '')) {
    const status = row?.get('status')?.toString();
    if (answer.code !== 0 || answer.rows.length !== 1 || status === 'maybe') {
      return 'a write answered with two rows, an unknown word or a code 1';
    }
    if (action === 'insert' && status === 'success' && !row?.has('id')) {
      return 'an insert without an id; ours is a failure that says so';
    }
  }
  return undefined;
}

interface Kind {
  readonly code: number | undefined;
  readonly message?: string;
  readonly rows: [string, string][][];
}

function recordedKind({ method, answer }: RecordedExchange): Kind | Buffer {
  if (method !== 'call') return answer.bytes;
  if (answer.kind !== 'reply') throw new Error('not to be compared');
  return kind(answer.code, answer.message, answer.rows);
}

function kindOf({ method }: RecordedExchange, bytes: Buffer): Kind | Buffer {
  if (method !== 'call') return bytes;
  const result = new Extension_call_result();
  result.read(decodeMessage(bytes).body);
  const { status, response } = result.success ?? {};
  return kind(status?.code ?? undefined, status?.message ?? '', (response ?? []) as Row[]);
}

/** Status, and rows with every byte; a failed write may have a message more. */
function kind(code: number | undefined, message: string, rows: readonly Row[]): Kind {
  // A recorded table without attributes left out the row for them; ours says that there are none.
  const told = rows.filter((row) => row.get('attributes')?.toString() !== '0');
  const entries = told.map((row) =>
    [...row]
      .filter(([key]) => key !== 'message' || !row.has('status'))
      .map(([key, value]): [string, string] => [key, value.toString('latin1')]),
  );
  // The words of a success are of no use to core.
  return { code, message: code === 0 ? '' : message, rows: entries };
}

function codeOf(bytes: Buffer): number | null | undefined {
  const { name, type, body } = decodeMessage(bytes);
  if (name !== 'call') return type === 'reply' ? 0 : undefined;
  const result = new Extension_call_result();
  result.read(body);
  return result.success?.status?.code;
}

/** The id in a recorded reply to `ping`, which ours is to have too. */
function uuidOf({ method, answer }: RecordedExchange): number[] {
  if (method !== 'ping' || answer.kind !== 'reply') return [];
  return [answer.bytes.readInt32BE(answer.bytes.length - 6)];
}

/** One call on a connection of its own, in the pieces in which osqueryd writes. */
async function ask(path: string, call: Buffer): Promise<Buffer> {
  const raw = await RawSocket.open(path);
  for (let at = 0; at < call.length; at += 512) raw.write(call.subarray(at, at + 512));
  raw.socket.end();
  const bytes = await raw.readToEnd();
  const scanner = new MessageScanner();
  scanner.push(bytes);
  expect(scanner.take()?.length).toBe(bytes.length);
  return bytes;
}

/** What the recorded extensions told about their tables when they registered. */
function routesOf(trace: Trace): Map<string, Row[]> {
  const routes = new Map<string, Row[]>();
  for (const event of trace.events) {
    if (event.kind !== 'data' || event.partial || event.from !== 'extension' || event.socket !== 'manager')
      continue;
    const { name, body } = decodeMessage(event.bytes);
    if (name !== 'registerExtension') continue;
    const args = new ExtensionManager_registerExtension_args();
    args.read(body);
    for (const [table, rows] of args.registry?.get('table') ?? []) {
      if (!routes.has(table)) routes.set(table, rows as Row[]);
    }
  }
  return routes;
}
