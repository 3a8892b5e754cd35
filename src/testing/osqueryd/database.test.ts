import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { callDatabase } from './database-plugin.ts';

describe('the database', () => {
  it('remembers across a restart, every byte', () => {
    const directory = join(mkdtempSync(join(tmpdir(), 'db-')), 'osq.db');
    const first = new Database(directory);
    first.put('configurations', 'nodeKey', 'abc');
    first.put('logs', '\xff\0bin', '\0\xfe value');
    first.flush();

    const second = new Database(directory);

    expect(second.get('configurations', 'nodeKey')).toBe('abc');
    expect(second.get('logs', '\xff\0bin')).toBe('\0\xfe value');
    expect(readdirSync(directory)).toEqual(['stand-in.json']);
  });

  it('does not start over silently when its file is broken', () => {
    const directory = mkdtempSync(join(tmpdir(), 'db-'));
    writeFileSync(join(directory, 'stand-in.json'), '{');

    expect(() => new Database(directory)).toThrow();
  });

  it('lists keys in byte order, 10 before 2', () => {
    const database = new Database();
    for (const key of ['k_2', 'k_10', 'k_1', 'other']) database.put('logs', key, '');

    expect(database.scan('logs', 'k_')).toEqual(['k_1', 'k_10', 'k_2']);
    expect(database.scan('logs', 'k_', 2)).toEqual(['k_1', 'k_10']);
  });

  it('removes a range with both its ends', () => {
    const database = new Database();
    for (const key of ['a', 'b', 'c', 'd']) database.put('logs', key, '');

    database.removeRange('logs', 'b', 'c');

    expect(database.scan('logs', '')).toEqual(['a', 'd']);
  });
});

describe('a call to the database plugin', () => {
  const ask = (database: Database, request: Record<string, string>) =>
    callDatabase(database, new Map(Object.entries(request)));

  it('answers a key that is not there with a failure', () => {
    const reply = ask(new Database(), { action: 'get', domain: 'configurations', key: 'nodeKey' });

    expect(reply).toEqual({ code: 1, message: 'NotFound: ', rows: [] });
  });

  it('knows the domains of osqueryd and no other', () => {
    const reply = ask(new Database(), { action: 'put', domain: 'mine', key: 'k', value: 'v' });

    expect(reply.message).toBe('Could not get column family for mine');
  });

  it('takes a batch of strings, and nothing of one with a number in it', () => {
    const database = new Database();

    const mixed = ask(database, { action: 'putBatch', domain: 'logs', json: '{"a":"1","b":2}' });
    expect(mixed.code).toBe(1);
    expect(database.scan('logs', '')).toEqual([]);

    ask(database, { action: 'putBatch', domain: 'logs', json: '{"a":"1","b":"2"}' });
    expect(database.scan('logs', '')).toEqual(['a', 'b']);
  });

  it('wants the prefix of a scan to be there, be it empty', () => {
    const database = new Database();
    database.put('logs', 'a', '');

    expect(() => ask(database, { action: 'scan', domain: 'logs' })).toThrow('map::at');
    expect(ask(database, { action: 'scan', domain: 'logs', prefix: '' }).rows).toEqual([
      new Map([['k', 'a']]),
    ]);
  });
});
