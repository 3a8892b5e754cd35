import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Extension_call_args, Extension_ping_args } from '#thrift';
import { decodeMessage, encodeMessage, MessageScanner, ProtocolError } from './index.ts';

const call = encodeMessage(
  { name: 'call', type: 'call', seqid: 7 },
  new Extension_call_args({
    registry: 'logger',
    item: 'remote',
    request: new Map([
      ['string', Buffer.alloc(1500, 'x')],
      ['10', Buffer.of(0xff, 0x00, 0xfe)],
      ['2', Buffer.alloc(0)],
    ]),
  }),
);
const ping = encodeMessage({ name: 'ping', type: 'call', seqid: 0 }, new Extension_ping_args());

function scan(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const scanner = new MessageScanner();
  const found: Buffer[] = [];
  const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  let from = 0;
  for (const end of ends) {
    scanner.push(bytes.subarray(from, end));
    for (let message = scanner.take(); message; message = scanner.take()) found.push(message);
    from = end;
  }
  expect(scanner.pending).toBe(false);
  return found;
}

test('messages are found whatever the pieces in which they come', () => {
  const stream = Buffer.concat([call, ping, call, ping, ping]);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
      expect(scan(stream, cuts)).toEqual([call, ping, call, ping, ping]);
    }),
  );
});

test('a message that comes byte by byte is found at its last byte and not before', () => {
  const scanner = new MessageScanner();
  for (let i = 0; i < call.length - 1; i++) {
    scanner.push(call.subarray(i, i + 1));
    expect(scanner.take()).toBeUndefined();
  }
  scanner.push(call.subarray(call.length - 1));
  expect(scanner.take()).toEqual(call);
});

test('a message in one piece is a view, not a copy', () => {
  const scanner = new MessageScanner();
  scanner.push(call);
  expect(scanner.take()?.buffer).toBe(call.buffer);
});

test('the order of keys and every byte of a value survive, also of keys that look like integers', () => {
  const message = decodeMessage(call);
  const args = new Extension_call_args();
  args.read(message.body);
  expect([...(args.request ?? [])].map(([key, value]) => [key, value.length])).toEqual([
    ['string', 1500],
    ['10', 3],
    ['2', 0],
  ]);
  expect(args.request?.get('10')).toEqual(Buffer.of(0xff, 0x00, 0xfe));
});

test.each([
  ['text of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['an unknown version', Buffer.from('80020001', 'hex')],
  ['a name of negative length', Buffer.from('80010001ffffffff', 'hex')],
  [
    'a string of negative length',
    Buffer.concat([ping.subarray(0, -1), Buffer.from('0b0001ffffffff', 'hex')]),
  ],
  ['an unknown type', Buffer.concat([ping.subarray(0, -1), Buffer.from('630001', 'hex')])],
  [
    'structs without end',
    Buffer.concat([ping.subarray(0, -1), Buffer.alloc(300, Buffer.from('0c0001', 'hex'))]),
  ],
])('%s is refused', (_, bytes) => {
  const scanner = new MessageScanner();
  scanner.push(bytes);
  expect(() => scanner.take()).toThrow(ProtocolError);
});

test('a string that would make the message larger than allowed is refused before its bytes come', () => {
  const scanner = new MessageScanner(1024);
  scanner.push(call.subarray(0, 100));
  expect(() => scanner.take()).toThrow('larger than 1024 bytes');
});

test('bytes of any kind never make the scanner fail with anything but a protocol error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      const scanner = new MessageScanner();
      const buffer = Buffer.from(bytes);
      try {
        for (const piece of [buffer.subarray(0, cut), buffer.subarray(cut)]) {
          scanner.push(piece);
          while (scanner.take() !== undefined);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
