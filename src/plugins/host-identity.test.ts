import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { HostIdentity } from './host-identity.ts';

type Rows = Record<string, Record<string, string>[]>;

/** osqueryd's tables; one that is not there cannot be read. */
async function identityOf(tables: Rows): Promise<HostIdentity> {
  const identity = new HostIdentity({ call: async (_, table) => rowsOf(tables, table) });
  await identity.refresh();
  return identity;
}

function rowsOf(tables: Rows, table: string): Map<string, Buffer>[] {
  const rows = tables[table];
  if (rows === undefined) throw new Error(`no such table: ${table}`);
  return rows.map(
    (row) => new Map(Object.entries(row).map(([name, value]) => [name, Buffer.from(value)] as const)),
  );
}

const tables: Rows = {
  os_version: [{ name: 'Debian', major: '12' }, { name: 'a second row' }],
  osquery_info: [
    {
      version: '5.23.0',
      uuid: 'the-uuid',
      instance_id: 'the-instance',
      platform_mask: '9',
      pid: '7',
      start_time: '99',
    },
  ],
  platform_info: [],
  system_info: [{ hostname: 'fqdn.example', cpu_brand: 'Prozeßor' }],
};

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('the host identifier', () => {
  test.each([
    ['hostname', hostname()],
    ['uuid', 'the-uuid'],
    ['instance', 'the-instance'],
    ['specified', 'me'],
    // As in osqueryd; not the name of system_info, which is the FQDN.
    ['something else', hostname()],
    ['', hostname()],
    ['constructor', hostname()],
    ['__proto__', hostname()],
  ])('of the kind "%s"', async (kind, expected) => {
    expect((await identityOf(tables)).identifier(kind, 'me')).toBe(expected);
  });

  test('of the kind "ephemeral" is one of this process', async () => {
    const identity = await identityOf(tables);
    const first = identity.identifier('ephemeral', '');
    expect(first).toMatch(uuidPattern);
    await identity.refresh();
    expect(identity.identifier('ephemeral', '')).toBe(first);
    expect((await identityOf(tables)).identifier('ephemeral', '')).not.toBe(first);
  });

  test.each(['uuid', 'instance', 'specified'])(
    'of the kind "%s" that is empty is the host name',
    async (kind) => {
      const empty = { ...tables, osquery_info: [{ uuid: '', instance_id: '' }] };
      expect((await identityOf(empty)).identifier(kind, '')).toBe(hostname());
      expect((await identityOf({})).identifier(kind, '')).toBe(hostname());
    },
  );
});

describe('host_details', () => {
  test('are the first rows of four tables, all text; a table without rows is left out', async () => {
    const { details, version, instance } = await identityOf(tables);
    expect(details).toEqual({
      os_version: { name: 'Debian', major: '12' },
      osquery_info: tables['osquery_info']?.[0],
      system_info: { hostname: 'fqdn.example', cpu_brand: 'Prozeßor' },
    });
    expect(version).toBe('5.23.0');
    expect(instance).toBe('7:99');
  });

  test('a table that cannot be read leaves what is known', async () => {
    const now = { ...tables };
    const identity = await identityOf(now);
    delete now['os_version'];
    now['system_info'] = [{ hostname: 'renamed' }];
    await identity.refresh();
    expect(identity.details).toMatchObject({
      os_version: { name: 'Debian' },
      system_info: { hostname: 'renamed' },
    });
  });

  test('nothing that can be read is no error', async () => {
    const identity = await identityOf({});
    expect(identity.details).toEqual({});
    expect(identity.version).toBe('');
  });
});

test('the platform is what osqueryd says, else that of this process', async () => {
  expect((await identityOf({ osquery_info: [{ platform_mask: '21' }] })).platformType).toBe('21');
  const own = { linux: '9', darwin: '21', win32: '2', freebsd: '37' }[process.platform as string] ?? '1';
  expect((await identityOf({})).platformType).toBe(own);
  expect((await identityOf({ osquery_info: [{ platform_mask: '' }] })).platformType).toBe(own);
});
