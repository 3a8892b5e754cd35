import { describe, expect, it } from 'vitest';
import type { StatusEvent } from './engine/index.ts';
import { type Broadcast, Registry, type TableSink } from './registry.ts';
import { failed, ok } from './status.ts';

const info = (name: string, sdkVersion = '5.23.0') => ({
  name,
  version: '1',
  sdkVersion,
  minSdkVersion: '0.0.0',
});

function setUp() {
  const log: StatusEvent[] = [];
  const attached: string[] = [];
  const tables: TableSink = {
    attach: (name, route) => {
      if (route.length === 0) return failed('Invalid route info');
      attached.push(name);
      return ok;
    },
    detach: (name) => attached.splice(attached.indexOf(name), 1),
  };
  let next = 0;
  const registry = new Registry(
    tables,
    (event) => log.push(event),
    () => ++next,
  );
  return { registry, log, attached };
}

const plugins = (registry: string, ...names: string[]): Broadcast =>
  new Map([[registry, new Map(names.map((name) => [name, []]))]]);

describe('registering an extension', () => {
  it('gives it an id and its plugins an owner', () => {
    const { registry } = setUp();

    expect(registry.register(info('ext'), plugins('logger', 'remote'))).toEqual({
      code: 0,
      message: 'OK',
      uuid: 1,
    });
    expect(registry.owner('logger', 'remote')).toBe(1);
    expect([...registry.extensions().keys()]).toEqual([1]);
  });

  it('is refused under a name that lives, before anything else is looked at', () => {
    const { registry } = setUp();
    registry.register(info('ext'), new Map());

    const again = registry.register(info('ext', '1.0.0'), plugins('logger', 'tls'));

    expect(again).toMatchObject({ code: 1, message: 'Duplicate extension registered', uuid: 0 });
  });

  it.each([
    ['1.7.6', 1],
    ['1.0.0', 1],
    ['1.7.7', 0],
    ['1.7', 0],
    ['2', 0],
    ['0.0.0', 0],
    ['', 0],
    ['abc', 0],
  ])('with SDK version %j answers %i', (version, code) => {
    expect(setUp().registry.register(info('ext', version), new Map()).code).toBe(code);
  });

  it('is refused when a plugin name is taken, by core or by another extension', () => {
    const { registry } = setUp();
    registry.register(info('first'), plugins('config', 'remote'));

    for (const name of ['remote', 'tls']) {
      const refused = registry.register(info('second'), plugins('config', name));
      expect(refused.message).toBe(
        `Failed adding registry: Registry item ${name} conflicts with another item of the same name.`,
      );
    }
  });

  it('under an unknown registry leaves the names before it taken for good', () => {
    const { registry } = setUp();
    const broadcast: Broadcast = new Map([...plugins('config', 'aaa'), ...plugins('nosuch', 'x')]);

    expect(registry.register(info('bad'), broadcast).message).toBe(
      'Failed adding registry: Unknown registry: nosuch',
    );
    expect(registry.register(info('good'), plugins('config', 'aaa')).code).toBe(1);
    expect(registry.register(info('bad'), new Map()).code).toBe(0);
  });

  it('with a bad table takes everything back but the name of that table', () => {
    const { registry, attached } = setUp();
    const broadcast: Broadcast = new Map([...plugins('config', 'mine'), ...plugins('table', 'bad')]);

    expect(registry.register(info('ext'), broadcast).message).toBe(
      'Failed adding registry: Invalid route info',
    );
    expect(registry.owner('config', 'mine')).toBeUndefined();
    expect(registry.register(info('ext'), plugins('config', 'mine')).code).toBe(0);

    const route = [new Map([['id', 'column']])];
    const retry = registry.register(info('other'), new Map([['table', new Map([['bad', route]])]]));
    expect(retry.code).toBe(1);
    expect(attached).toEqual([]);
  });
});

describe('an extension that the watcher drops', () => {
  it('loses its plugins at once, and its name when somebody asks for the list', () => {
    const { registry } = setUp();
    registry.register(info('ext'), plugins('logger', 'remote'));

    registry.drop(1);

    expect(registry.owner('logger', 'remote')).toBeUndefined();
    expect(registry.routedUuids()).toEqual([]);
    expect(registry.extensions().size).toBe(0);
    expect(registry.register(info('ext'), plugins('logger', 'remote')).uuid).toBe(2);
  });

  it('cannot be deregistered a second time', () => {
    const { registry } = setUp();
    registry.register(info('ext'), new Map());

    expect(registry.deregister(1).code).toBe(0);
    expect(registry.deregister(1)).toMatchObject({ code: 1, message: 'No extension UUID found' });
  });
});
