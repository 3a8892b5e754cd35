import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outbox } from '../../src/cli/outbox.ts';
import { systemClock } from '../../src/clock/index.ts';
import { Extension } from '../../src/extension/index.ts';
import { type Batch, type Deliver, Outbox } from '../../src/plugins/outbox/index.ts';
import { Store } from '../../src/plugins/store/index.ts';
import { outboxTable, quarantineTable } from '../../src/plugins/tables/index.ts';
import { StandInOsqueryd } from '../../src/testing/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'outbox-cli-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const storePath = () => join(dir, 'db.remote');

/** Runs the command. */
async function ask(argv: readonly string[], isTTY = false, env: NodeJS.ProcessEnv = {}) {
  let out = '';
  let err = '';
  const code = await outbox(
    argv,
    {
      stdout: { isTTY, write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      stop: new AbortController().signal,
    },
    env,
  );
  return {
    code,
    out,
    err,
    rows: () =>
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}

/** What an extension has: a store, and an outbox in it. */
async function openExtension(deliver: Deliver) {
  const signal = new AbortController().signal;
  const store = await Store.open({ path: storePath(), clock: systemClock, log: () => {}, signal });
  const extension = new Outbox({
    dir: store.journal,
    clock: systemClock,
    deliver: { result: deliver, status: deliver, distributed: deliver },
    // Told at once, so that it is known what is told.
    onLoss: (loss) => losses.push(`${loss.lines} ${loss.reason}`),
    random: () => 0,
  });
  await extension.open(store.lookups);
  return {
    store,
    outbox: extension,
    async close() {
      await extension.close();
      await store.close();
    },
  };
}

let losses: string[] = [];
beforeEach(() => {
  losses = [];
});

/** Takes every line, but for those that hold `bad`, which never fit. */
function taking(lines: string[] = []): Deliver {
  return async ({ records, firstRow }: Batch) => {
    const texts = records.map(({ number, bytes }) => ({ number, text: Buffer.from(bytes).toString() }));
    const good = texts.filter(({ text }) => !text.includes('bad'));
    lines.push(...good.map(({ text }) => text));
    expect(firstRow).toBe(0);
    return {
      answer: { kind: 'delivered' },
      lines: good.length,
      bytes: good.length,
      next: { record: (texts.at(-1)?.number ?? 0) + 1, row: 0 },
      unfit: texts
        .filter(({ text }) => text.includes('bad'))
        .map(({ number, text }) => ({
          record: number,
          row: 0,
          reason: 'too long',
          bytes: Buffer.from(text),
        })),
    };
  };
}

const away: Deliver = async ({ records }: Batch) => ({
  answer: { kind: 'retry', reason: 'connection refused' },
  lines: records.length,
  bytes: 1,
  next: { record: 0, row: 0 },
  unfit: [],
});

/** All that stands in the database of the store. */
async function stored(): Promise<[string, string][]> {
  const level = new Level(join(storePath(), 'level'));
  const all = await level.iterator().all();
  await level.close();
  return all;
}

/** A store in which three lines wait and two are in quarantine. */
async function fill(): Promise<void> {
  const first = await openExtension(taking());
  for (const text of ['one', 'bad one', 'bad two']) first.outbox.append('result', 'line', Buffer.from(text));
  await first.outbox.flush(AbortSignal.timeout(10_000));
  await first.close();
  const second = await openExtension(away);
  for (const text of ['two', 'three', 'four']) second.outbox.append('result', 'line', Buffer.from(text));
  await second.close();
}

describe('the store itself, while no extension runs', () => {
  const from = () => ['--store', storePath()];

  test('lists what waits and what became of the rest, one JSON object per stream', async () => {
    await fill();
    const { code, err, rows } = await ask(from());
    expect([code, err]).toEqual([0, '']);
    expect(
      rows().map(({ stream, lines, delivered, quarantined }) => [stream, lines, delivered, quarantined]),
    ).toEqual([
      ['result', 3, 1, 2],
      ['status', 0, 0, 0],
      ['distributed', 0, 0, 0],
    ]);
  });

  test('lists the quarantine, and shows a line of it', async () => {
    await fill();
    expect((await ask(['quarantine', ...from()])).rows()).toMatchObject([
      { id: 1, stream: 'result', reason: 'too long', bytes: 7 },
      { id: 2, stream: 'result', reason: 'too long', bytes: 7 },
    ]);
    expect((await ask(['show', '2', ...from()])).rows()).toMatchObject([{ id: 2, line: 'bad two' }]);
  });

  test('looking changes nothing: the next extension delivers all lines, and each once', async () => {
    await fill();
    const before = await stored();
    for (const action of [[], ['quarantine'], ['show', '1']]) await ask([...action, ...from()]);
    expect(await stored()).toEqual(before);
    const lines: string[] = [];
    const extension = await openExtension(taking(lines));
    await extension.outbox.flush(AbortSignal.timeout(10_000));
    expect(lines).toEqual(['two', 'three', 'four']);
    expect(extension.outbox.stats()[0]).toMatchObject({ delivered: 4, dropped: 0, quarantined: 2 });
    await extension.close();
    expect(losses).toEqual([]);
  });

  test('a replayed line goes behind those that wait, and leaves the quarantine', async () => {
    await fill();
    expect((await ask(['replay', '1', ...from()])).rows()).toEqual([{ id: 1, action: 'replay' }]);
    const sent: string[] = [];
    const extension = await openExtension(async (batch) => {
      sent.push(...batch.records.map(({ bytes }) => Buffer.from(bytes).toString()));
      const next = { record: (batch.records.at(-1)?.number ?? 0) + 1, row: 0 };
      return { answer: { kind: 'delivered' }, lines: batch.records.length, bytes: 1, next, unfit: [] };
    });
    await extension.outbox.flush(AbortSignal.timeout(10_000));
    expect(sent).toEqual(['two', 'three', 'four', 'bad one']);
    expect(extension.outbox.stats()[0]).toMatchObject({ quarantined: 1, dropped: 0 });
    await extension.close();
  });

  test('a removed line counts as dropped, and the extension tells the server so', async () => {
    await fill();
    const { code, rows } = await ask(['remove', '1', '2', ...from()]);
    expect([code, rows()]).toEqual([
      0,
      [
        { id: 1, action: 'remove' },
        { id: 2, action: 'remove' },
      ],
    ]);
    // Looking at it does not count as telling.
    expect((await ask(from())).rows()[0]).toMatchObject({ lines: 3, dropped: 2, quarantined: 0 });
    expect(losses).toEqual([]);
    const extension = await openExtension(taking());
    await extension.close();
    expect(losses).toEqual(['2 quarantine']);
  });

  test('an id that is not there ends with 1, and the others are done', async () => {
    await fill();
    const { code, err, rows } = await ask(['replay', '9', '2', ...from()]);
    expect([code, err]).toEqual([1, 'osquery-remote outbox: no line 9 is in quarantine\n']);
    expect(rows()).toEqual([{ id: 2, action: 'replay' }]);
    expect((await ask(['show', '9', ...from()])).err).toBe(
      'osquery-remote outbox: no line 9 is in quarantine\n',
    );
  });

  test('a line stays in quarantine when the journal cannot be written', async () => {
    await fill();
    const journal = join(storePath(), 'outbox');
    renameSync(journal, join(dir, 'aside'));
    writeFileSync(journal, 'in the way');
    const { code, err } = await ask(['replay', '1', ...from()]);
    expect(code).toBe(1);
    expect(err).toMatch(/^osquery-remote outbox: it could not be stored: E\w+: .*outbox'\n$/);
    rmSync(journal);
    renameSync(join(dir, 'aside'), journal);
    expect((await ask(['quarantine', ...from()])).rows()).toHaveLength(2);
  });

  test('a store that an extension has open is left alone', async () => {
    const extension = await openExtension(away);
    const { code, err } = await ask(from());
    await extension.close();
    expect(code).toBe(1);
    expect(err).toMatch(
      /^osquery-remote outbox: the extension runs and has \S+db\.remote open.*: ask it with --socket PATH/,
    );
  });

  test('where there is none, none is made', async () => {
    const { code, err } = await ask(from());
    expect(code).toBe(1);
    expect(err).toBe(
      `osquery-remote outbox: there is no store at ${storePath()}; name it with --store DIR, or a running osqueryd with --socket PATH\n`,
    );
    mkdirSync(storePath());
    expect((await ask([], false, { OSQUERY_REMOTE_STORE: storePath() })).err).toContain(
      'there is no store at',
    );
    expect(readdirSync(storePath())).toEqual([]);
  });

  test('on a terminal come tables for people', async () => {
    await fill();
    const list = await ask(from(), true);
    expect(stripVTControlCharacters(list.out)).toMatch(
      /│ result +│ +3 │ +\d+ s │ +144 │ +1 │ +0 │ +2 │ +– │/,
    );
    const quarantine = await ask(['quarantine', ...from()], true);
    expect(quarantine.out).toMatch(/1 .* result .* ago .* 7 .* too long/);
    expect((await ask(['show', '1', ...from()], true)).out).toMatch(/too long[\s\S]*\n\nbad one\n$/);
    expect((await ask(['replay', '1', ...from()], true)).out).toBe('line 1 will be sent again\n');
    expect((await ask(['remove', '2', ...from()], true)).out).toBe('line 2 is given up\n');
    expect((await ask(['quarantine', ...from()], true)).out).toBe('nothing is in quarantine\n');
  });
});

describe('a running osqueryd', () => {
  let standIn: StandInOsqueryd;
  let socket: string;
  let tables: Extension | undefined;
  let running: Awaited<ReturnType<typeof openExtension>>;

  beforeEach(async () => {
    await fill();
    socket = join(dir, 'osq.em');
    writeFileSync(join(dir, 'osquery.conf'), '{}');
    standIn = new StandInOsqueryd({
      argv: [
        `--extensions_socket=${socket}`,
        `--database_path=${join(dir, 'db')}`,
        `--config_path=${join(dir, 'osquery.conf')}`,
        `--extensions_autoload=${join(dir, 'none')}`,
        '--logger_plugin=stdout',
      ],
      print: () => {},
      env: {},
    });
    const started = standIn.next(({ kind }) => kind === 'worker_started');
    standIn.start();
    await started;
    running = await openExtension(away);
    running.outbox.pause();
    tables = undefined;
  });
  afterEach(async () => {
    await tables?.stop('over');
    await standIn.stop();
    await running.close();
  });

  async function register(): Promise<void> {
    const plugins = [outboxTable(running.outbox), quarantineTable(running.outbox)];
    tables = new Extension({ name: 'osquery-remote-tables', plugins, socket });
    await tables.start();
  }

  test('is asked with SQL, and answers as the store does', async () => {
    await register();
    const from = ['--socket', socket];
    expect((await ask(from)).rows()[0]).toMatchObject({
      stream: 'result',
      lines: 3,
      delivered: 1,
      quarantined: 2,
      next_attempt: null,
    });
    expect((await ask(['quarantine', ...from])).rows()).toMatchObject([
      { id: 1, stream: 'result', reason: 'too long', bytes: 7 },
      { id: 2 },
    ]);
    expect((await ask(['show', '2', ...from])).rows()).toMatchObject([{ id: 2, line: 'bad two' }]);
    expect((await ask(['replay', '2', ...from])).rows()).toEqual([{ id: 2, action: 'replay' }]);
    expect((await ask(['remove', '1', ...from])).rows()).toEqual([{ id: 1, action: 'remove' }]);
    expect(running.outbox.quarantine.list()).toEqual([]);
    expect(running.outbox.stats()[0]).toMatchObject({ lines: 4, dropped: 1 });
    expect((await ask(['remove', '1', ...from])).err).toBe(
      'osquery-remote outbox: no line 1 is in quarantine\n',
    );
  });

  test('without the tables says when they come', async () => {
    const { code, err } = await ask(['--socket', socket]);
    expect(code).toBe(1);
    expect(err).toBe(
      `osquery-remote outbox: osqueryd at ${socket} has no table remote_outbox: it comes after the first config, if the extension runs\n`,
    );
  });

  test('that is none says so', async () => {
    const { code, err } = await ask(['--socket', join(dir, 'nobody.em')]);
    expect(code).toBe(1);
    expect(err).toMatch(/^osquery-remote outbox: osqueryd does not answer at \S+nobody\.em \(/);
  });
});

test.each([
  [
    ['lists'],
    'there is no "lists"; give list, quarantine, show, replay or remove (osquery-remote outbox --help)',
  ],
  [['show'], 'show takes one id, as quarantine lists it'],
  [['replay'], 'replay takes ids, as quarantine lists them'],
  [['remove', 'x'], 'an id is a number, not "x"'],
  [['list', '7'], 'list takes nothing behind it (osquery-remote outbox --help)'],
  [['--socket', 'a', '--store', 'b'], 'give --socket or --store, not both'],
  [['--colour'], "Unknown option '--colour' (osquery-remote outbox --help)"],
])('%j is refused with 2', async (argv, reason) => {
  expect(await ask(argv)).toMatchObject({ code: 2, out: '', err: `osquery-remote outbox: ${reason}\n` });
});

test('--help explains the command', async () => {
  expect((await ask(['--help'])).out).toMatch(/^osquery-remote outbox: /);
});
