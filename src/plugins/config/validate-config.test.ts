import { describe, expect, test } from 'vitest';
import { configProblem, maxConfigBytes } from './validate-config.ts';

const mib = 1024 * 1024;

test.each([
  ['5.23.1', mib],
  ['5.23.0', mib],
  ['5.9.1', mib],
  ['4.9.0', mib],
  ['', mib],
  ['unknown', mib],
  ['5.23.0-dirty', mib],
  ['5.22.0-500-gabcdef0', mib],
  // 38 commits after 5.23.0: on the way to the version after 5.23.1.
  ['5.23.0-38-ga5b14f63d', 4 * mib],
  ['5.23.2', 4 * mib],
  ['5.24.0', 4 * mib],
  ['5.100.0', 4 * mib],
  ['6.0.0', 4 * mib],
])('osqueryd "%s" takes %i bytes', (version, bytes) => {
  expect(maxConfigBytes(version)).toBe(bytes);
});

/** JSON of exactly so many bytes. */
function sized(bytes: number): Buffer {
  return Buffer.from(`{"a":"${'x'.repeat(bytes - 8)}"}`);
}

describe('size', () => {
  test.each(['5.23.1', '5.24.0'])('the limit of %s is the last that is good', (version) => {
    const limit = maxConfigBytes(version);
    expect(configProblem(sized(limit), version)).toBeUndefined();
    expect(configProblem(sized(limit + 1), version)).toBe(
      `the configuration has ${limit + 1} bytes, and osqueryd ${version} takes ${limit}: make it smaller, or move packs out of it`,
    );
  });

  test('is that of the bytes, not of the characters', () => {
    const text = `{"a":"${'ä'.repeat(mib / 2)}"}`;
    expect(text.length).toBeLessThan(mib);
    expect(configProblem(Buffer.from(text), '5.23.1')).toContain('osqueryd 5.23.1 takes 1048576');
  });
});

describe('depth', () => {
  const nested = (depth: number, open = '[', close = ']') =>
    Buffer.from(`{"a":${open.repeat(depth - 1)}${close.repeat(depth - 1)}}`);

  test('32 is good and 33 is not, of lists and of objects', () => {
    expect(configProblem(nested(32), '5.23.1')).toBeUndefined();
    expect(configProblem(nested(33), '5.23.1')).toBe(
      'the configuration is nested 33 deep, and osqueryd takes 32',
    );
    const objects = Buffer.from(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`);
    expect(configProblem(objects, '5.23.1')).toContain('nested 33 deep');
  });

  test('many that stand side by side are not deep', () => {
    expect(configProblem(Buffer.from(`{"a":[${'[],'.repeat(1000)}[]]}`), '5.23.1')).toBeUndefined();
  });

  test('brackets in texts do not count, whatever stands before them', () => {
    const text = JSON.stringify({ a: '['.repeat(100), b: `\\"${'{'.repeat(100)}`, c: '"[' });
    expect(configProblem(Buffer.from(text), '5.23.1')).toBeUndefined();
  });
});
