import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Extension_call_args,
  ExtensionManager_deregisterExtension_args,
  ExtensionManager_getQueryColumns_args,
  ExtensionManager_query_args,
  ExtensionManager_registerExtension_args,
} from '#thrift';
import { ExtensionManager, type Plugin, tablePlugin } from '../../src/extension/index.ts';
import { listen } from '../../src/extension/test-support/raw-socket.ts';
import {
  BinaryReader,
  decodeMessage,
  type Message,
  MessageScanner,
  type ThriftStruct,
} from '../../src/extension/wire/index.ts';
import { readTrace } from '../stand-in/trace.ts';
import { type Row, tracesWithBytes } from './support/recorded.ts';
import { definitionOf } from './support/recorded-plugin.ts';

/** Written by hand in the recording: fields that our client never sends, or does not leave out. */
const byHand = 'wire-forms';

const directory = mkdtempSync(join(tmpdir(), 'osq-'));
let server: Server;
let manager: ExtensionManager;
let sent: Buffer = Buffer.alloc(0);

beforeAll(async () => {
  const path = join(directory, 's');
  server = await listen(path, ({ socket }) => {
    const scanner = new MessageScanner();
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      scanner.push(piece);
      if (scanner.take() === undefined) return;
      sent = Buffer.concat(pieces);
      socket.destroy();
    });
  });
  manager = new ExtensionManager(path);
});

afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

describe('our client sends the same bytes as the recorded extension', () => {
  for (const name of tracesWithBytes()) {
    const calls = readTrace(name).events.flatMap((event) =>
      event.kind === 'data' && event.from === 'extension' && event.socket === 'manager' && !event.partial
        ? [event.bytes]
        : [],
    );
    if (calls.length === 0) {
      test.skip(`${name} (left out: the extension called nothing)`, () => {});
    } else if (name === byHand) {
      test.skip(`${name} (left out: unusual forms on purpose, which are sent to our server instead)`, () => {});
    } else {
      test(`${name}: ${calls.length} calls`, async () => {
        for (const bytes of calls) {
          const message = decodeMessage(bytes);
          if (isLeftOut(message)) continue;
          await expect(callAgain(message)).rejects.toThrow('without an answer');
          expect(sent.equals(withoutNumber(bytes, message))).toBe(true);
        }
      });
    }
  }
});

test('the routes of the recorded tables, made of definitions', () => {
  const message = readTrace('table-generate').events.flatMap((event) =>
    event.kind === 'data' && event.bytes.includes('registerExtension') && event.from === 'extension'
      ? [decodeMessage(event.bytes)]
      : [],
  )[0];
  if (message === undefined) throw new Error('nothing was registered');
  const args = readArgs(message, new ExtensionManager_registerExtension_args());
  const tables = [...(args.registry?.get('table') ?? [])] as [string, Row[]][];

  expect(tables.map(([name]) => name)).toContain('golden_required');
  for (const [name, route] of tables) {
    const plugin = tablePlugin({ ...definitionOf(name, route), generate: () => [] });
    const own = plugin.route.map((row) => new Map([...row].map(([key, value]) => [key, Buffer.from(value)])));
    // Ours always says which attributes there are, also none.
    const hasAttributes = route.some((row) => row.has('attributes'));
    expect(hasAttributes ? own : own.slice(0, -1)).toEqual(route);
  }
});

/** Our client does not end osqueryd, and registers no registry without plugins. */
function isLeftOut(message: Message): boolean {
  if (message.name === 'shutdown') return true;
  if (message.name !== 'registerExtension') return false;
  const { bytes, position } = message.body;
  const args = new ExtensionManager_registerExtension_args();
  args.read(new BinaryReader(bytes, position));
  return [...(args.registry?.values() ?? [])].some((plugins) => plugins.size === 0);
}

/** Ours has a connection for each call, so that it needs no numbers. */
function withoutNumber(bytes: Buffer, { name }: Message): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeInt32BE(0, 8 + Buffer.byteLength(name));
  return copy;
}

function readArgs<S extends ThriftStruct>({ body }: Message, args: S): S {
  args.read(body);
  return args;
}

function callAgain(message: Message): Promise<unknown> {
  switch (message.name) {
    case 'ping':
      return manager.ping();
    case 'extensions':
      return manager.extensions();
    case 'options':
      return manager.options();
    case 'query':
      return manager.query(readArgs(message, new ExtensionManager_query_args()).sql ?? '');
    case 'getQueryColumns':
      return manager.getQueryColumns(
        readArgs(message, new ExtensionManager_getQueryColumns_args()).sql ?? '',
      );
    case 'deregisterExtension':
      return manager.deregister(readArgs(message, new ExtensionManager_deregisterExtension_args()).uuid ?? 0);
    case 'call': {
      const { registry, item, request } = readArgs(message, new Extension_call_args());
      return manager.call(registry ?? '', item ?? '', Object.fromEntries(request ?? []));
    }
    case 'registerExtension': {
      const { info, registry } = readArgs(message, new ExtensionManager_registerExtension_args());
      return manager.register(
        {
          name: info?.name ?? '',
          version: info?.version ?? '',
          sdkVersion: info?.sdk_version ?? '',
          minSdkVersion: info?.min_sdk_version ?? '',
        },
        [...(registry ?? [])].flatMap(([name, plugins]) =>
          [...plugins].map(([plugin, route]) => pluginOf(name, plugin, route as Row[])),
        ),
      );
    }
    default:
      throw new Error(`our client has no ${message.name}`);
  }
}

/** As any JavaScript could; the types allow only the registries in which a plugin has an effect. */
function pluginOf(registry: string, name: string, route: readonly Row[]): Plugin {
  return {
    registry: registry as Plugin['registry'],
    name,
    route,
    call: () => ({ code: 0, message: '', rows: [] }),
  };
}
