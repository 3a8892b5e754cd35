import { expect, test } from 'vitest';
import { defaultPaths } from './options.ts';
import { routeOf } from './route.ts';

test('a path is an endpoint only when it is exactly that', () => {
  expect(routeOf('/log', defaultPaths, false)).toEqual({ endpoint: 'log' });
  for (const path of ['/log/', '/LOG', '/key/log', '/', '', '/log&node_key=key']) {
    expect(routeOf(path, defaultPaths, false)).toBeUndefined();
  }
});

test('with tls_node_api the key stands in front of the path', () => {
  expect(routeOf('/log', defaultPaths, true)).toEqual({ endpoint: 'log' });
  expect(routeOf('/key/config&node_key=key', defaultPaths, true)).toEqual({
    endpoint: 'config',
    pathKey: 'key',
  });
  expect(routeOf('/key/distributed_read', defaultPaths, true)).toEqual({
    endpoint: 'distributed_read',
    pathKey: 'key',
  });
  for (const path of ['//log', '/a/b/log', '/key/enroll', '/key/nowhere', 'log']) {
    expect(routeOf(path, defaultPaths, true)).toBeUndefined();
  }
});
