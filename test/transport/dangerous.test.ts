import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inWorker, type TransportReply } from '../../src/plugins/transport/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { Bench, type Talk } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const module = fileURLToPath(new URL('./modules/dangerous.ts', import.meta.url));

const start = (clock?: VirtualClock) =>
  bench.start(() => ({ status: 200, body: '{"a":1}' }), {
    spawn: inWorker({ module, ...(clock && { clock }) }),
  });

const does = ({ transport, signal }: Talk, nodeKey: string): Promise<TransportReply> =>
  transport.request({ endpoint: 'config', nodeKey }, signal);

const textOf = ({ outcome }: TransportReply): string =>
  outcome.kind === 'delivered' ? Buffer.from(outcome.body).toString() : JSON.stringify(outcome);

describe('what would change or end the whole process', () => {
  test.each(['kill', 'kill-by-another-name', 'abort', 'chdir', 'umask', 'setuid'])(
    '%s throws',
    async (deed) => {
      const folder = process.cwd();
      const mask = process.umask();
      await using talk = await start();
      expect(textOf(await does(talk, deed))).toMatch(
        /not (available in the transport thread|supported in workers)/,
      );
      expect(process.cwd()).toBe(folder);
      expect(process.umask()).toBe(mask);
      expect(talk.logged).toEqual([]);
    },
  );
});

describe('memory outside of the heap', () => {
  test('a buffer per call: the thread is started again when they add up, and the next call finds room', async () => {
    const clock = new VirtualClock();
    await using talk = await start(clock);
    let reply = await does(talk, 'a-buffer-per-call');
    for (let call = 2; call <= 3; call++) {
      expect(textOf(reply)).toBe('{"done":true}');
      reply = await does(talk, 'a-buffer-per-call');
    }
    // The watch asks every 2 s, and the answer tells of 150 MB.
    await clock.advance(2_000);
    while (talk.logged.length === 0) await turn();
    expect(talk.logged[0]).toMatch(/^warning the transport thread ended \(it takes 1[5-9]\d MB\)/);
    expect((await talk.config()).outcome.kind).toBe('delivered');
  });

  test('many buffers at once: the thread cannot tell any more, and the growth of the process gives it away', async () => {
    await using talk = await start();
    expect((await talk.config()).outcome.kind).toBe('delivered');
    expect(textOf(await does(talk, 'buffers-at-once'))).toMatch(
      /it does not answer, and the process has grown by \d+ MB/,
    );
    expect((await talk.config()).outcome.kind).toBe('delivered');
  });
});

describe('a thread that does not come back', () => {
  test.each(['spin', 'wait-for-a-child'])('%s: pings go unanswered, and it is replaced', async (deed) => {
    const clock = new VirtualClock();
    await using talk = await start(clock);
    await talk.config();
    let reply: TransportReply | undefined;
    const bystander = talk.log(['{}']);
    void does(talk, deed).then((late) => {
      reply = late;
    });
    while (reply === undefined) await clock.advance(2_000);
    const lost = 'worker: the transport thread ended (it has not answered for 10 s)';
    expect(reply.outcome).toEqual({ kind: 'retry', reason: lost });
    // Whether it was done before or got lost: it has an answer.
    await bystander;
    expect((await talk.config()).outcome.kind).toBe('delivered');
  });
});
