// A transport module that does everything wrong which user code can. It runs in the transport thread of the extension and
// is loaded again with each new one. What to do next stands in a file; each deed is written down before it is done, so
// that the next thread goes on behind it.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const doneFile = process.env['CHAOS_DONE_FILE'] ?? '';
const deck = JSON.parse(readFileSync(process.env['CHAOS_DECK_FILE'] ?? '', 'utf8'));
let done = existsSync(doneFile) ? readFileSync(doneFile, 'utf8').split('\n').length - 1 : 0;

const kept = [];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const never = () => new Promise(() => {});
const stop = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const pick = (list) => list[done % list.length];

/** Part of the calls that get the next fault. A log is what can be lost, and is called less often than others. */
const chance = (endpoint) => (endpoint === 'log' || endpoint === 'distributed_write' ? 0.5 : 0.25);

function take(endpoint, level) {
  const kind = deck[done];
  if (kind === undefined || levelOf(done, kind) !== level || Math.random() > chance(endpoint))
    return undefined;
  appendFileSync(doneFile, `${done} ${kind} ${level} ${endpoint}\n`);
  done++;
  return kind;
}

/** Every third one around the whole call. */
function levelOf(number, kind) {
  return number % 3 === 0 && kind !== 'bad_answer' ? 'call' : 'attempt';
}

const circular = {};
circular.self = circular;
const readBody = new Response('{}');
await readBody.text();

/** None of these says that the server has taken anything. */
const badAnswers = [
  () => undefined,
  () => null,
  () => 42,
  () => 'OK',
  () => [],
  () => ({}),
  () => ({ status: '200', body: '{}' }),
  () => ({ status: 200.5 }),
  () => ({ status: 0 }),
  () => ({ status: 9999 }),
  () => ({ status: Number.NaN }),
  () => ({ status: 500, body: circular }),
  () => ({ status: 500, headers: 7, body: 10n }),
  () => ({ status: 503, headers: [['retry-after', 'soon'], 3], body: null }),
  () => ({ status: 500, headers: { 'retry-after': {} }, body: () => {} }),
  () => ({ status: 200, body: Buffer.alloc(9 * 1024 * 1024, 32) }),
  () => ({ status: 200, body: `${'['.repeat(50_000)}${']'.repeat(50_000)}` }),
  () => ({ status: 200, body: '{"error":"made up"}' }),
  () => ({ status: 200, arrayBuffer: () => never(), body: 'x' }),
  () => ({ status: 200, arrayBuffer: () => Promise.reject(new Error('no bytes')) }),
  () => readBody,
  () => Response.error(),
  () => new Response('<html>', { status: 502 }),
  () => ({
    get status() {
      throw new Error('a getter');
    },
  }),
  () =>
    new Proxy(
      {},
      {
        has() {
          throw new Error('a proxy');
        },
        get() {
          throw new Error('a proxy');
        },
      },
    ),
  () => Promise.resolve(Promise.resolve(7)),
  () => Object.fromEntries([['then', (resolve) => resolve(undefined)]]),
];

const badCallAnswers = [
  () => undefined,
  () => ({}),
  () => ({ outcome: null }),
  () => ({ outcome: { kind: 'delivered', body: 'text' } }),
  () => ({ outcome: { kind: 'done' } }),
  () => ({ outcome: { kind: 'retry' } }),
  () => ({ outcome: { kind: 'retry', reason: 'x', afterMs: Number.NaN, f() {} }, attempts: 'many' }),
  () => ({ outcome: { kind: 'retry', reason: 'x', afterMs: -5 }, batch: { lines: -1 } }),
  () => ({
    outcome: { kind: 'retry', reason: 'x' },
    batch: { lines: 9, dropped: 9, bytes: 9, next: { record: 9e15, row: 9 }, unfit: [] },
  }),
];

const thrown = [
  () => new Error('the user made a mistake'),
  () => undefined,
  () => null,
  () => 'a text',
  () => Symbol('odd'),
  () => Object.create(null),
  () => Object.assign(new Error('with a cause'), { cause: circular, code: 7 }),
  () => ({
    get message() {
      throw new Error('a getter');
    },
  }),
  () => new DOMException('aborted', 'AbortError'),
  () => new RangeError('x'.repeat(100_000)),
];

/** What would end or change the whole process, if it worked. */
const takenAway = [
  () => process.kill(process.pid, 'SIGKILL'),
  () => process.kill(process.pid, 'SIGTERM'),
  () => process.abort(),
  () => process.chdir('/'),
  () => process._kill(process.pid, 9),
  () => globalThis.process.kill(-process.pid, 'SIGKILL'),
];

/** Whatever `next` is given at either level: the whole onion is passed on unchanged. */
const deeds = {
  throw() {
    const what = pick(thrown)();
    if (done % 2 === 0) throw what;
    return Promise.reject(what);
  },
  bad_answer: (_request, _next, level) => pick(level === 'call' ? badCallAnswers : badAnswers)(),
  // The server has it, and the user's code loses the answer.
  async lost_answer(request, next) {
    await next(request);
    throw new Error('a mistake after the answer');
  },
  async asks_twice(request, next) {
    if (done % 2 === 0) await next(request);
    else next(request).catch(() => {});
    return next(request);
  },
  async slow(request, next) {
    const ms = [50, 300, 1000, 3000][done % 4];
    if (done % 8 < 4) await sleep(ms);
    const reply = await next(request);
    if (done % 8 >= 4) await sleep(ms);
    return reply;
  },
  async taken_away(request, next) {
    pick(takenAway)();
    return next(request);
  },
  async exit(request, next) {
    const how = done % 4;
    if (how === 0) process.exit(0);
    if (how === 1) process.exit(7);
    if (how === 2) setImmediate(() => process.exit(1));
    const reply = await next(request);
    process.exit(1);
    return reply;
  },
  // Nobody catches these.
  crash(request, next) {
    const how = done % 3;
    if (how === 0)
      setTimeout(() => {
        throw new Error('in a timer');
      }, 5);
    if (how === 1) void Promise.reject(new Error('nobody waits'));
    if (how === 2) process.nextTick(() => kept.at(-1).nothing.there());
    return next(request);
  },
  block(request, next) {
    stop(2500);
    return next(request);
  },
  heap_leak(request, next) {
    if (done % 2 === 0) for (;;) kept.push(new Array(1000).fill(kept.length));
    setInterval(() => {
      for (let i = 0; i < 500; i++) kept.push(new Array(1000).fill(i));
    }, 5);
    return next(request);
  },
  buffer_leak(request, next) {
    if (done % 2 === 0)
      for (;;) {
        kept.push(Buffer.alloc(4 * 1024 * 1024, 1));
        stop(10);
      }
    setInterval(() => kept.push(Buffer.alloc(8 * 1024 * 1024, 1)), 10);
    return next(request);
  },
  async never_settles(request, next) {
    if (done % 2 === 0) await next(request);
    return never();
  },
  async spin(_request, _next) {
    if (done % 2 === 0) for (;;) kept.length = 0;
    for (;;) await null;
  },
};

const layer = (level) => (request, next) => {
  const kind = take(request.endpoint, level);
  return kind === undefined ? next(request) : deeds[kind](request, next, level);
};

export default { call: layer('call'), attempt: layer('attempt') };
