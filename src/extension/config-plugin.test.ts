import { expect, test } from 'vitest';
import { configPlugin } from './config-plugin.ts';
import { encodeText } from './wire/index.ts';

function request(values: Record<string, string | Buffer>): Map<string, Buffer> {
  return new Map(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));
}

test('genConfig gives one row: the JSON text of each source under its name', async () => {
  const plugin = configPlugin({
    name: 'c',
    genConfig: async () => ({ main: '{"options":{}}', more: Buffer.from('{}') }),
  });

  expect([plugin.registry, plugin.name, plugin.route]).toEqual(['config', 'c', []]);
  expect(await plugin.call(request({ action: 'genConfig' }))).toEqual({
    code: 0,
    message: 'OK',
    rows: [
      new Map<string, unknown>([
        ['main', '{"options":{}}'],
        ['more', Buffer.from('{}')],
      ]),
    ],
  });
});

test('genPack is asked for a pack by name, and for all by a star', async () => {
  const asked: string[][] = [];
  const plugin = configPlugin({
    name: 'c',
    genConfig: () => ({}),
    genPack(name, value) {
      asked.push([name, value]);
      return `{"${name}":{}}`;
    },
  });

  const one = await plugin.call(request({ action: 'genPack', name: 'p', value: '/packs/p', more: 'x' }));
  const all = await plugin.call(request({ action: 'genPack', name: '*', value: '/packs/*' }));

  expect([one.rows, all.rows]).toEqual([[new Map([['p', '{"p":{}}']])], [new Map([['*', '{"*":{}}']])]]);
  expect(asked).toEqual([
    ['p', '/packs/p'],
    ['*', '/packs/*'],
  ]);
});

test('the name of a pack goes back as the bytes that it came as', async () => {
  const plugin = configPlugin({ name: 'c', genConfig: () => ({}), genPack: () => '{}' });
  const name = Buffer.of(0xff, 0x70);
  const { rows } = await plugin.call(request({ action: 'genPack', name, value: '' }));
  const [key = ''] = rows[0]?.keys() ?? [];

  expect(encodeText(key)).toEqual(name);
});

test.each([
  [{ action: 'genPack', name: 'p', value: '' }, 'no pack p'],
  [{ action: 'update', source: 's', data: '{}' }, 'a config plugin has no action update'],
  [{}, 'a config plugin has no action (none given)'],
])('%j is a failure that says why', async (values, message) => {
  const plugin = configPlugin({ name: 'c', genConfig: () => ({}) });
  expect(await plugin.call(request(values))).toEqual({ code: 1, message, rows: [] });
});
