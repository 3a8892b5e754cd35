import { afterEach, expect, test } from 'vitest';
import { type ByteString, rowText } from '../../src/testing/osqueryd/engine/index.ts';
import { pluginCalls, type RecordedCall, recordedCalls } from './recorded-calls.ts';
import { openStandIn, type StandIn } from './stand-in.ts';

let standIn: StandIn | undefined;
afterEach(() => standIn?.sql.close());

test('a run of fourteen configs leaves the recorded schedule, packs, hash and status lines after each', async () => {
  const calls = recordedCalls('config-refresh');
  let isLoaded = false;
  let round = -1;
  const asked: Array<readonly [ByteString, ByteString]> = [];
  const packsOf = () => packAnswers(calls, round);
  standIn = await openStandIn(1_795_221_814, {
    flags: ['logger_min_status', 'pack_delimiter'],
    loggers: () => (isLoaded ? ['golden'] : []),
    genPack: (name, value) => {
      asked.push([name, value]);
      return packsOf().get(name);
    },
  });

  const questions = calls.filter(({ method }) => method === 'query');
  let answered = 0;
  for (const [i, genConfig] of genConfigs(calls).entries()) {
    round = i;
    const [row] = genConfig.rows ?? [];
    if (genConfig.code === 0 && row !== undefined) {
      await standIn.config.update(row);
    }
    isLoaded = true;
    standIn.schedule = await standIn.config.schedule();
    const until = genConfigs(calls)[i + 1]?.seconds ?? Number.POSITIVE_INFINITY;
    for (const call of questions.filter(({ seconds }) => seconds > genConfig.seconds && seconds < until)) {
      const result = await standIn.sql.query(call.sql);
      const rows =
        'error' in result ? result.error : result.rows.map((one) => Object.fromEntries(rowText(one)));
      expect([i, call.sql, rows]).toEqual([i, call.sql, call.rows?.map((one) => Object.fromEntries(one))]);
      answered++;
    }
  }

  expect(answered).toBe(39);
  const recordedAsked = genPacks(calls).map(({ request }) => [request.get('name'), request.get('value')]);
  expect(asked).toEqual(recordedAsked);
  expect(statusOf(standIn)).toEqual(recordedStatus('config-refresh'));
  expect(standIn.options.get('custom_golden')).toBe('yes');
});

test('a pushed source, a bad one and a root that is no object are answered as recorded', async () => {
  standIn = await openStandIn(1_795_221_738, { flags: ['verbose'], loggers: () => ['golden'] });
  const pushes = recordedCalls('core-calls').filter(
    ({ registry, request }) =>
      registry === 'config' && request.get('action') === 'update' && request.has('source'),
  );
  expect(pushes).toHaveLength(4);
  for (const { request, code, message } of pushes) {
    const update = new Map([[request.get('source') ?? '', request.get('data') ?? '']]);
    expect(await standIn.config.update(update)).toEqual({ code, message });
  }
  const failures = standIn.status.filter(({ line }) => line === 968);
  expect(failures.map(({ message }) => message)).toEqual([
    'updateSource failed to parse config, of source: pushed and content: {not json',
    'updateSource failed to parse config, of source: pushed and content: []',
  ]);
});

test('the same bad text again is no error, and its source stays empty', async () => {
  standIn = await openStandIn(1_795_221_738);
  const good = '{"schedule": {"q": {"query": "select 1", "interval": 60}}}';
  await standIn.config.update(new Map([['a', good]]));
  expect(await standIn.config.schedule()).toHaveLength(1);
  expect((await standIn.config.update(new Map([['a', '{']]))).code).toBe(1);
  expect(await standIn.config.update(new Map([['a', '{']]))).toEqual({ code: 0, message: 'OK' });
  expect(await standIn.config.schedule()).toEqual([]);
});

test('the first bad source stops the update, so later sources are not applied', async () => {
  standIn = await openStandIn(1_795_221_738);
  const good = '{"schedule": {"q": {"query": "select 1", "interval": 60}}}';
  const status = await standIn.config.update(
    new Map([
      ['c', good],
      ['b', 'nonsense'],
      ['a', good],
    ]),
  );
  expect(status).toEqual({ code: 1, message: 'Error parsing the config JSON' });
  expect((await standIn.config.schedule()).length).toBe(1);
});

function genConfigs(calls: readonly RecordedCall[]): RecordedCall[] {
  return calls.filter(({ request }) => request.get('action') === 'genConfig');
}

function genPacks(calls: readonly RecordedCall[]): RecordedCall[] {
  return calls.filter(({ request }) => request.get('action') === 'genPack');
}

/** The answers of the extension to `genPack` in one round. */
function packAnswers(calls: readonly RecordedCall[], round: number): Map<ByteString, ByteString> {
  const from = genConfigs(calls)[round]?.seconds ?? 0;
  const until = genConfigs(calls)[round + 1]?.seconds ?? Number.POSITIVE_INFINITY;
  const answers = genPacks(calls).filter(({ seconds }) => seconds > from && seconds < until);
  return new Map(
    answers.flatMap(({ rows }) => [...(rows?.[0] ?? [])].map(([name, text]) => [name, text] as const)),
  );
}

interface StatusLine {
  readonly s: number;
  readonly f: string;
  readonly i: number;
  readonly m: string;
}

const FILES = /^(config|options|packs)\.cpp$/;

function statusOf({ status }: StandIn): StatusLine[] {
  return status
    .filter(({ file }) => FILES.test(file))
    .map(({ severity, file, line, message }) => ({ s: severity, f: file, i: line, m: message }));
}

function recordedStatus(scenario: string): StatusLine[] {
  return pluginCalls(scenario, 'logger')
    .flatMap(({ request }) => request.get('log') ?? [])
    .flatMap((log) => JSON.parse(log) as StatusLine[])
    .filter(({ f }) => FILES.test(f))
    .map(({ s, f, i, m }) => ({ s, f, i, m }));
}
