// A stand-in for osqueryd's extension manager, as little of it as extensions need to register and stay:
//   node bench/manager/manager.mjs <socket path>    (flags as JSON in BENCH_FLAGS)
// Over IPC it tells { registered: name, uuid, at } with `at` in nanoseconds of the monotonic clock, and answers
// { rows: n } by { ready: n } once the reply to `SELECT n` is made.
import { createServer } from 'node:net';
import {
  decode,
  field,
  i32,
  i64,
  list,
  map,
  message,
  response,
  result,
  status,
  string,
  stringMap,
  struct,
  type,
} from '../lib/thrift-bytes.mjs';
import { rowsReply } from './rows.mjs';

const [path] = process.argv.slice(2);
const flags = JSON.parse(process.env['BENCH_FLAGS'] ?? '{}');
const extensions = new Map();
const prepared = new Map();
const database = new Map();

const server = createServer((socket) => {
  let received = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    received = received.length === 0 ? piece : Buffer.concat([received, piece]);
    const call = decode(received);
    if (call === undefined) return;
    received = Buffer.alloc(0);
    socket.write(answer(call));
  });
});
server.listen(path, () => process.send?.({ listening: true }));
process.on('disconnect', () => process.exit());
process.on('message', ({ rows }) => {
  prepared.set(`SELECT ${rows}`, rowsReply(rows));
  process.send({ ready: rows });
});

function answer({ name, seqid, body }) {
  const reply = (valueType, value) => message('reply', name, result(valueType, value), seqid);
  const ok = (uuid = 0) => reply(type.struct, status(0, 'OK', uuid));
  switch (name) {
    case 'ping':
      return reply(type.struct, status(0, 'pong'));
    case 'registerExtension': {
      const uuid = 1000 + extensions.size;
      const info = body.get(1);
      extensions.set(uuid, info.get(1));
      const bytes = ok(uuid);
      process.send({ registered: info.get(1), uuid, at: String(process.hrtime.bigint()) });
      return bytes;
    }
    case 'deregisterExtension':
      extensions.delete(body.get(1));
      return ok();
    case 'extensions':
      return reply(type.map, extensionList());
    case 'options':
      return reply(type.map, optionList());
    case 'query': {
      const known = prepared.get(body.get(1));
      if (known === undefined) return reply(type.struct, response(0, 'OK', oneRow({ version: '5.23.0' })));
      known.writeInt32BE(seqid, 4 + 4 + 'query'.length);
      return known;
    }
    case 'call':
      return reply(type.struct, callCore(body.get(1), body.get(3)));
    case 'shutdown':
      return message('reply', name, struct(), seqid);
    default:
      return message(
        'exception',
        name,
        struct(field(type.string, 1, string(`Invalid method name: '${name}'`)), field(type.i32, 2, i32(1))),
        seqid,
      );
  }
}

function callCore(registry, request) {
  if (registry === 'table') return response(0, 'OK', oneRow({ version: '5.23.0', hostname: 'bench' }));
  const key = `${request.get('domain')}/${request.get('key')}`;
  if (request.get('action') === 'put') database.set(key, request.get('value'));
  if (request.get('action') !== 'get') return response(0, 'OK');
  return database.has(key) ? response(0, 'OK', oneRow({ v: database.get(key) })) : response(1, 'Not found');
}

const oneRow = (row) => list(type.map, [stringMap(row)]);

const extensionList = () =>
  map(
    type.i64,
    type.struct,
    [...extensions].map(([uuid, name]) => [
      i64(uuid),
      struct(
        field(type.string, 1, string(name)),
        field(type.string, 2, string('1.0')),
        field(type.string, 3, string('5.23.0')),
        field(type.string, 4, string('0.0.0')),
      ),
    ]),
  );

const optionList = () =>
  map(
    type.string,
    type.struct,
    Object.entries(flags).map(([name, value]) => [
      string(name),
      struct(
        field(type.string, 1, string(String(value))),
        field(type.string, 2, string('')),
        field(type.string, 3, string(typeof value === 'number' ? 'uint64' : 'string')),
      ),
    ]),
  );
