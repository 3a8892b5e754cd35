import { field, message, string, stringMap, struct, type } from '../lib/thrift-bytes.mjs';

/** osqueryd writes what it has buffered whenever 512 bytes are full. */
const pieceBytes = 512;

export const ping = [message('call', 'ping', struct())];

/** The pieces of the call for one result line, as osqueryd makes it of one added row. */
export function lineCall(plugin, line) {
  return pieces(
    message(
      'call',
      'call',
      struct(
        field(type.string, 1, string('logger')),
        field(type.string, 2, string(plugin)),
        field(type.map, 3, stringMap({ category: 'event', string: line })),
      ),
    ),
  );
}

function pieces(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) found.push(bytes.subarray(at, at + pieceBytes));
  return found;
}

/** A result line of exactly 500 bytes. */
export function resultLine() {
  const make = (label) =>
    JSON.stringify({
      name: 'pack_bench_processes',
      hostIdentifier: 'bench-node',
      calendarTime: 'Sat Nov 21 00:37:33 2026 UTC',
      unixTime: 1795221453,
      epoch: 0,
      counter: 1,
      numerics: false,
      columns: { cmdline: label, name: 'program', pid: '4711', uid: '0' },
      action: 'added',
    });
  return make('x'.repeat(500 - make('').length));
}
