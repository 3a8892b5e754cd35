import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import { Complaints } from '../complaints.ts';
import type { RemoteApi } from '../remote-api.ts';
import type { Store } from '../store/index.ts';
import type { Outcome } from '../transport/index.ts';
import { RemotePacks } from './remote-packs.ts';

const pack = '{"queries":{"q":{"query":"SELECT 1","interval":60}}}';
const away: Outcome = { kind: 'retry', reason: 'connect: nobody listens' };

describe('a pack that the configuration names by text', () => {
  let asked: unknown[];
  let outcome: Outcome;
  let said: string[];
  let packs: RemotePacks;

  beforeEach(() => {
    asked = [];
    said = [];
    outcome = { kind: 'delivered', body: Buffer.from(pack) };
    const kept = new Map<string, unknown>();
    const api = {
      call: async (request: unknown) => {
        asked.push(request);
        return { outcome, attempts: 1 };
      },
    };
    const store = {
      get: async (key: string) => kept.get(key),
      put: async (key: string, value: unknown) => void kept.set(key, value),
    };
    packs = new RemotePacks({
      api: api as unknown as RemoteApi,
      store: store as unknown as Store,
      clock: new VirtualClock(),
      version: () => '5.23.1',
      hostname: () => 'osquery.example:8443',
      signal: new AbortController().signal,
      complaints: new Complaints((level, text) => said.push(`${level}: ${text}`)),
      log: (level, text) => said.push(`${level}: ${text}`),
    });
  });

  test('is fetched from its path, as the configuration is', async () => {
    expect(await packs.genPack('incident', '/packs/incident?v=2')).toBe(pack);
    expect(asked).toEqual([{ endpoint: 'config', path: '/packs/incident?v=2' }]);
  });

  test('may be named by its whole URL on the same server', async () => {
    await packs.genPack('incident', 'https://osquery.example:8443/packs/incident');
    expect(asked).toEqual([{ endpoint: 'config', path: '/packs/incident' }]);
  });

  test.each([
    'https://osquery.example/packs/x',
    'http://osquery.example:8443/x',
    'packs/x',
    'https://evil.example/',
  ])('%s is not asked: the node key would go there', async (value) => {
    await expect(packs.genPack('incident', value)).rejects.toThrow(/neither a path .* nor a URL of/);
    expect(asked).toEqual([]);
  });

  test('that was good once is served again while the server is away', async () => {
    await packs.genPack('incident', '/packs/incident');
    outcome = away;
    expect(await packs.genPack('incident', '/packs/incident')).toBe(pack);
    expect(said).toEqual([
      'warning: pack incident: connect: nobody listens; osqueryd gets the last good one',
    ]);
  });

  test('that was never there fails with the reason', async () => {
    outcome = away;
    await expect(packs.genPack('incident', '/packs/incident')).rejects.toThrow('nobody listens');
  });

  test('that osqueryd would refuse for its size does not reach it', async () => {
    outcome = { kind: 'delivered', body: Buffer.alloc(1024 * 1024 + 1, 0x20) };
    await expect(packs.genPack('big', '/packs/big')).rejects.toThrow(
      /1048577 bytes, and osqueryd 5.23.1 takes 1048576/,
    );
  });
});
