import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSecret } from './secret.ts';

const dir = mkdtempSync(join(tmpdir(), 'secret-'));
afterAll(() => rmSync(dir, { recursive: true }));
const secretPath = join(dir, 'secret');

test('a file is trimmed, wins over the environment, and is read anew each time', () => {
  writeFileSync(secretPath, '\t one \n');
  expect(readSecret({ secretPath, secretEnv: 'SECRET' }, { SECRET: 'other' })).toBe('one');
  writeFileSync(secretPath, 'two');
  expect(readSecret({ secretPath, secretEnv: '' }, {})).toBe('two');
});

test('the environment is taken as it is', () => {
  expect(readSecret({ secretPath: '', secretEnv: 'SECRET' }, { SECRET: ' one\n' })).toBe(' one\n');
});

test('without either the secret is empty', () => {
  expect(readSecret({ secretPath: '', secretEnv: '' }, {})).toBe('');
});

test('what cannot be read is named', () => {
  expect(() => readSecret({ secretPath: join(dir, 'none'), secretEnv: 'SECRET' }, { SECRET: 'x' })).toThrow(
    `settings: cannot read --enroll_secret_path=${join(dir, 'none')}: there is no such file`,
  );
  expect(() => readSecret({ secretPath: dir, secretEnv: '' }, {})).toThrow('it is a directory');
  expect(() => readSecret({ secretPath: 'hunter2', secretEnv: '' }, {})).toThrow(
    'settings: --enroll_secret_path names no file: write the secret to one, and give its path',
  );
  expect(() => readSecret({ secretPath: '', secretEnv: 'SECRET' }, {})).toThrow(
    'settings: --enroll_secret_env names SECRET, which is not in the environment',
  );
});
