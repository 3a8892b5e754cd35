import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Random } from './random.ts';
import { Relay } from './relay.ts';
import type { SocketFault } from './transport-plan.ts';

/** Three requests on one connection, if it lasts: by its rules the relay takes the first for a handshake. */
const rounds = ['/1', '/2', '/3'];

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What became of the requests, which of them the server has had in full, and which faults the relay told of. */
async function through(faults: readonly SocketFault[], { restMs = 40, chance = 1, seed = 1 } = {}) {
  const seen: string[] = [];
  const happened: SocketFault[] = [];
  const server: Server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      seen.push(incoming.url ?? '');
      response.end(`you asked for ${incoming.url}${' '.repeat(500)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: target } = server.address() as AddressInfo;
  const relay = new Relay({
    target: () => target,
    random: new Random(seed),
    chance,
    faults,
    onFault: (kind) => happened.push(kind),
  });
  const port = await relay.listen();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  closers.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => relay.close(),
    () => agent.destroy(),
  );
  const answers: string[] = [];
  for (const path of rounds) {
    answers.push(await ask(port, path, agent));
    await sleep(restMs);
  }
  return { answers, seen, happened };
}

/** `answered`, or how it failed. */
function ask(port: number, path: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request(
      { port, host: '127.0.0.1', path, agent, method: 'POST', timeout: 300 },
      (reply) => {
        let text = '';
        reply.on('data', (piece) => {
          text += piece;
        });
        reply.on('end', () => resolve(text.startsWith(`you asked for ${path}`) ? 'answered' : 'nonsense'));
        reply.on('error', () => resolve('failed'));
      },
    );
    outgoing.on('timeout', () => {
      resolve('silence');
      outgoing.destroy();
    });
    outgoing.on('error', () => resolve('failed'));
    outgoing.end('x'.repeat(300));
  });
}

const everything = ['/1', '/2', '/3'];

test('passes everything on when there is no fault', async () => {
  expect(await through([])).toEqual({
    answers: ['answered', 'answered', 'answered'],
    seen: everything,
    happened: [],
  });
});

test.each<[kind: SocketFault, answers: string[], seen: string[]]>([
  ['refused', ['failed', 'answered', 'answered'], ['/2', '/3']],
  ['handshake_silent', ['silence', 'answered', 'answered'], ['/2', '/3']],
  ['lost_reply', ['answered', 'answered', 'failed'], everything],
  ['answer_cut', ['answered', 'answered', 'failed'], everything],
  ['lying_keep_alive', ['answered', 'answered', 'failed'], ['/1', '/2']],
  ['request_cut', ['answered', 'failed', 'answered'], ['/1', '/3']],
  ['garbage', ['answered', 'answered', 'failed'], everything],
  ['trickle', ['answered', 'answered', 'answered'], everything],
])('%s: does what its name says, and tells of it', async (kind, answers, seen) => {
  expect(await through([kind])).toEqual({ answers, seen, happened: [kind] });
});

test('idle connections are ended while only faults of new ones are left', async () => {
  // With this seed the first connection is spared, and it would serve all requests.
  const { happened } = await through(['refused'], { restMs: 400, chance: 0.5, seed: 4 });
  expect(happened).toEqual(['refused']);
});

test('each fault has a connection of its own', async () => {
  const { answers, happened } = await through(['handshake_silent', 'refused', 'request_cut']);
  expect(answers).toEqual(['silence', 'failed', 'answered']);
  expect(happened).toEqual(['handshake_silent', 'refused']);
});
