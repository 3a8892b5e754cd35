import type { ByteString } from './bytes.ts';
import { isArray, isNumber, isObject, type JsonValue } from './json-reader.ts';
import { type Value, valueText } from './row.ts';

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A JSON string as core writes it: bytes from 0x7F up go out as they are, whether they are UTF-8 or not. */
export function jsonString(text: ByteString): ByteString {
  let result = '"';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x20 && code !== 0x22 && code !== 0x5c) continue;
    const character = text.charAt(i);
    result += text.slice(from, i);
    result += SHORT[character] ?? `\\u00${code.toString(16).toUpperCase().padStart(2, '0')}`;
    from = i + 1;
  }
  return `${result}${text.slice(from)}"`;
}

/** A number as RapidJSON writes a double: shortest digits, always a point or an exponent (`3.5`, `1.0`, `1e30`). */
export function jsonDouble(value: number): ByteString {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', power = '0'] = Math.abs(value).toExponential().split('e');
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent >= 0 && exponent < 21) {
    const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
    return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
  }
  if (exponent < 0 && exponent >= -6) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${mantissa}e${exponent}`;
}

/** A column value: as text unless `numerics` (`--logger_numerics`) asks for JSON numbers. */
export function jsonColumn(value: Value, numerics: boolean): ByteString {
  if (!numerics || typeof value === 'string') return jsonString(valueText(value));
  return typeof value === 'bigint' ? value.toString() : jsonDouble(value);
}

/** An object from members that are JSON texts already. */
export function jsonObject(members: Iterable<readonly [ByteString, ByteString]>): ByteString {
  return `{${[...members].map(([name, value]) => `${jsonString(name)}:${value}`).join(',')}}`;
}

/** A value that was read, written again: no spaces, order and repeated members kept. */
export function jsonText(value: JsonValue): ByteString {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return jsonString(value);
  if (isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (isObject(value)) return jsonObject(value.members.map(([name, item]) => [name, jsonText(item)]));
  if (isNumber(value)) return value.integer ? String(value.value) : jsonDouble(value.value);
  return 'null';
}

/** Members of an object under construction, name and JSON text. */
export type Members = Array<[ByteString, ByteString]>;

/** Adds a member as core's `JSON::add` does: one of the same name is removed first, and the last member takes its place. */
export function setMember(members: Members, name: ByteString, value: ByteString): void {
  const index = members.findIndex(([key]) => key === name);
  if (index !== -1) {
    const last = members.pop();
    if (last !== undefined && index < members.length) members[index] = last;
  }
  members.push([name, value]);
}
