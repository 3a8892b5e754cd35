import { expect, test } from 'vitest';
import { inProcess } from '../../src/plugins/index.ts';
import {
  conformanceCells,
  conformanceCommand,
  remoteSubject,
  runConformance,
} from '../../src/testing/index.ts';

type Around = NonNullable<Parameters<typeof inProcess>[0]>;
type Attempt = Around['attempt'];

/** What the judge says of a client that is spoiled at one place. */
async function judged(attempt: Attempt, names: readonly string[], call: Around['call'] = (next) => next) {
  const cells = names.map((name) => {
    const cell = conformanceCells.find((one) => one.name === name);
    if (cell === undefined) throw new Error(`no cell ${name}`);
    return cell;
  });
  const subject = remoteSubject({ spawn: inProcess({ call, attempt }) });
  const results = await runConformance({ cells, subject });
  return results.map(({ differences }) => differences);
}

const asItIs: Attempt = (next) => next;

test('a client that is spoiled nowhere passes', async () => {
  expect(await judged(asItIs, ['log: Zentral, Fleet: 200 {}', 'config: 204'])).toEqual([[], []]);
});

test('a client that never looks at the status, as the built-in one, loses lines and takes a key that is none', async () => {
  const blind: Attempt = (next) => async (request, signal) => ({
    ...(await next(request, signal)),
    status: 200,
  });
  const names = [
    'log: osctrl: 500 without a body',
    'log: osctrl: 413 without a body, whatever is sent',
    'config: a configuration with 500',
    'enroll: a node_key with 403',
  ];
  const [log, large, config, enroll] = await judged(blind, names);
  expect(log).toEqual([
    'line: expected sent again, was delivered',
    'next attempt: expected after 3 to 4 s, was never',
  ]);
  expect(large).toContain('line: expected kept, was delivered');
  expect(config).toContain('config: expected last good, was new');
  expect(enroll?.join()).toContain('not-a-key');
});

test('a client that sends everything twice is found out, also when the server likes it', async () => {
  const twice: Attempt = (next) => async (request, signal) => {
    await next(request, signal);
    return next(request, signal);
  };
  const [log] = await judged(twice, ['log: the idle socket was closed']);
  expect(log).toEqual([
    'line: expected delivered, was taken 2 times by a server that is well',
    'next attempt: expected done, was at once',
  ]);
});

test('a client that says it has sent what it has not is found out', async () => {
  const { call }: Pick<Around, 'call'> = {
    call: (next) => (request, signal) =>
      request.endpoint === 'distributed_write'
        ? Promise.resolve({ outcome: { kind: 'delivered', body: new Uint8Array() }, attempts: 1 })
        : next(request, signal),
  };
  const [write] = await judged(asItIs, ['distributed_write: the idle socket was closed'], call);
  expect(write).toContain('line: expected delivered, was lost');
});

test('headers that servers rely on are looked at in every request', async () => {
  const plain: Attempt = (next) => (request, signal) =>
    next(
      {
        ...request,
        headers: request.headers
          .filter(([name]) => name !== 'Authorization')
          .map(([name, value]) => [name, name === 'Content-Type' ? 'text/plain' : value]),
      },
      signal,
    );
  const [config] = await judged(plain, ['config: 200 a configuration']);
  expect(config).toEqual([
    'Content-Type is text/plain',
    'Authorization does not carry the key that the body carries',
  ]);
});

test('the command ends with the sum, and with 1 if a cell failed', async () => {
  const said: string[] = [];
  const code = await conformanceCommand(['--only', 'log: 204'], (text) => said.push(text));
  expect([code, said.at(-1)]).toEqual([0, '1 passed, 0 failed']);
  expect(await conformanceCommand(['--only', 'no such cell'], () => {})).toBe(2);
  expect(await conformanceCommand(['--nonsense'], () => {})).toBe(2);
  said.length = 0;
  expect(await conformanceCommand(['--list', '--only', 'log: 204'], (text) => said.push(text))).toBe(0);
  expect(said).toEqual(['log: 204 (row 6) → line delivered, config new, key kept, next attempt done']);
});
