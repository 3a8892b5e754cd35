import { expect, test } from 'vitest';
import { Extension_call_result, ExtensionResponse, ExtensionStatus } from '#thrift';
import { readMap, readObject, readResponse, textOfValue } from './rows.ts';
import { type BinaryReader, decodeMessage, encodeMessage, encodeText } from './wire/index.ts';

function body(response: Map<string, Uint8Array>[], code = 0, message = 'OK'): BinaryReader {
  const status = new ExtensionStatus({ code, message, uuid: 3 });
  const result = new Extension_call_result({ success: new ExtensionResponse({ status, response }) });
  return decodeMessage(encodeMessage({ name: 'call', type: 'reply', seqid: 0 }, result)).body;
}

test('rows come as objects, also when a column is called __proto__ or constructor', () => {
  const columns: [string, Uint8Array][] = ['10', '__proto__', 'constructor', 'a'].map((name) => [
    name,
    Buffer.from(`of ${name}`),
  ]);
  const { rows } = readResponse(body([new Map(columns)]), readObject);

  expect(Object.entries(rows[0] ?? {})).toEqual([
    ['10', 'of 10'],
    ['__proto__', 'of __proto__'],
    ['constructor', 'of constructor'],
    ['a', 'of a'],
  ]);
  expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype);
});

test('bytes that are not UTF-8 survive, as bytes and as text', () => {
  const value = Buffer.of(0x61, 0xff, 0x00, 0xed, 0xa0, 0x80);
  const [asMap] = readResponse(body([new Map([['v', value]])]), readMap).rows;
  const [asObject] = readResponse(body([new Map([['v', value]])]), readObject).rows;

  expect(asMap?.get('v')).toEqual(value);
  expect(encodeText(asObject?.['v'] ?? '')).toEqual(value);
  expect(encodeText(textOfValue(asMap?.get('v')) ?? '')).toEqual(value);
});

test('a failure comes with its code, its message and its rows', () => {
  const reply = readResponse(body([new Map([['a', Buffer.from('1')]])], 2, 'no such table: x'), readObject);
  expect(reply).toEqual({ code: 2, message: 'no such table: x', rows: [{ a: '1' }] });
});

test.each([
  ['an empty result', '00', { code: 0, message: '', rows: [] }],
  ['no status', '0c0000 0f0002 0d 00000000 00 00', { code: 0, message: '', rows: [] }],
  ['fields that nobody knows', '080063 00000001 0c0000 0b0063 00000001 61 00 00', {}],
  ['a code of 64 bits', '0c0000 0c0001 0a0001 0000000000000001 00 00 00', { code: 0 }],
  ['a list of something else', '0c0000 0f0002 08 00000002 00000001 00000002 00 00', { rows: [] }],
  ['an empty map with types 0', '0c0000 0f0002 0d 00000001 0000 00000000 00 00', { rows: [{}] }],
])('%s is read without complaint', (_, hex, expected) => {
  const header = Buffer.from('80010002 00000004 63616c6c 00000000'.replaceAll(' ', ''), 'hex');
  const { body: reader } = decodeMessage(
    Buffer.concat([header, Buffer.from(hex.replaceAll(' ', ''), 'hex')]),
  );
  expect(readResponse(reader, readObject)).toMatchObject(expected);
});
