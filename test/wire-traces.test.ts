import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import * as thrift from '#thrift';
import {
  ApplicationException,
  decodeMessage,
  encodeMessage,
  MessageScanner,
  type ThriftStruct,
} from '../src/extension/wire/index.ts';

/** Recorded between a real osqueryd and a raw-socket extension; see test/traces/README.md. */
const folder = join(import.meta.dirname, 'traces');

interface TraceEvent {
  event: string;
  conn: number;
  from: string;
  bytes_b64?: string;
  bytes_zlib_b64?: string;
  partial?: boolean;
  decoded?: { method: string; kind: string; strict?: boolean; args?: Record<string, unknown> };
}

const structs: Record<string, { args: new () => ThriftStruct; result: new () => ThriftStruct }> = {
  ping: { args: thrift.Extension_ping_args, result: thrift.Extension_ping_result },
  call: { args: thrift.Extension_call_args, result: thrift.Extension_call_result },
  shutdown: { args: thrift.Extension_shutdown_args, result: thrift.Extension_shutdown_result },
  extensions: {
    args: thrift.ExtensionManager_extensions_args,
    result: thrift.ExtensionManager_extensions_result,
  },
  options: { args: thrift.ExtensionManager_options_args, result: thrift.ExtensionManager_options_result },
  registerExtension: {
    args: thrift.ExtensionManager_registerExtension_args,
    result: thrift.ExtensionManager_registerExtension_result,
  },
  deregisterExtension: {
    args: thrift.ExtensionManager_deregisterExtension_args,
    result: thrift.ExtensionManager_deregisterExtension_result,
  },
  query: { args: thrift.ExtensionManager_query_args, result: thrift.ExtensionManager_query_result },
  getQueryColumns: {
    args: thrift.ExtensionManager_getQueryColumns_args,
    result: thrift.ExtensionManager_getQueryColumns_result,
  },
};

function messagesOf(file: string): { event: TraceEvent; bytes: Buffer }[] {
  return readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TraceEvent)
    .filter((event) => event.event === 'data')
    .map((event) => ({
      event,
      bytes:
        event.bytes_b64 === undefined
          ? inflateSync(Buffer.from(event.bytes_zlib_b64 ?? '', 'base64'))
          : Buffer.from(event.bytes_b64, 'base64'),
    }));
}

function again(bytes: Buffer): Buffer {
  const { name, type, seqid, body } = decodeMessage(bytes);
  const known = structs[name];
  let struct: ThriftStruct;
  if (type === 'exception') struct = new ApplicationException();
  else if (known === undefined) throw new Error(`no method ${name}`);
  else struct = type === 'reply' ? new known.result() : new known.args();
  struct.read(body);
  expect(body.position).toBe(bytes.length);
  return encodeMessage({ name, type, seqid }, struct);
}

/**
 * Written by the recorder on purpose: a method, fields or an argument type that the IDL does not have, and an empty map
 * with element types 0 (we write the types also of an empty map, as osqueryd does).
 */
function isForeign(event: TraceEvent): boolean {
  const { decoded } = event;
  return (
    structs[decoded?.method ?? ''] === undefined ||
    JSON.stringify(decoded).includes('"$field') ||
    typeof decoded?.args?.['sql'] === 'number' ||
    isOfI32(event) ||
    JSON.stringify(decoded?.args?.['request']) === '{}'
  );
}

/** `deregisterExtension` with an i32 where the IDL says i64, which only the bytes show. */
function isOfI32({ decoded, bytes_b64 = '' }: TraceEvent): boolean {
  const call = decoded?.method === 'deregisterExtension' && decoded.kind === 'call';
  return call && Buffer.from(bytes_b64, 'base64').includes(Buffer.from([8, 0, 1]));
}

/** Such a message must be readable to its end, whatever is in it. */
function readTolerantly(bytes: Buffer): void {
  const { name, body } = decodeMessage(bytes);
  const args = new (structs[name] ?? { args: thrift.Extension_ping_args }).args();
  args.read(body);
  expect(body.position).toBe(bytes.length);
}

const withoutMessages: Record<string, string> = {
  'failure-late-registration.ndjson': 'osqueryd ended before a byte was exchanged',
};

const files = readdirSync(folder).filter((file) => file.endsWith('.ndjson') && !file.startsWith('http-'));

test('the recorded traces are there', () => {
  expect(files.length).toBeGreaterThan(50);
});

for (const file of files) {
  if (withoutMessages[file] !== undefined) {
    test.skip(`${file}: left out, ${withoutMessages[file]}`);
    continue;
  }
  test(`${file}: every complete strict message is found, decoded and encoded to the same bytes`, () => {
    let checked = 0;
    for (const { event, bytes } of messagesOf(file)) {
      if (event.partial || event.decoded?.strict === false) continue;
      if (isForeign(event)) {
        readTolerantly(bytes);
        continue;
      }
      const scanner = new MessageScanner();
      const found: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += 512) {
        scanner.push(bytes.subarray(at, at + 512));
        for (let message = scanner.take(); message; message = scanner.take()) found.push(message);
      }
      expect(found.length).toBe(1);
      expect(found[0]?.equals(bytes)).toBe(true);
      const second = again(bytes);
      if (!second.equals(bytes)) {
        throw new Error(
          `${event.decoded?.kind} ${event.decoded?.method}: ${second.toString('latin1')}\nrecorded ${bytes.toString('latin1')}`,
        );
      }
      checked++;
    }
    expect(checked).toBeGreaterThan(0);
  });
}
