import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { VirtualClock } from '../../src/testing/index.ts';
import { StandInOsqueryd } from '../../src/testing/osqueryd/index.ts';
import { type RecordedCall, recordedCalls } from './lanes.ts';
import { Recording, type SeenCall, type SeenReply } from './recorded-extension.ts';
import { readMessage, show, textEntries } from './thrift-lite.ts';
import type { Trace } from './trace.ts';

/** What the stand-in did when the recorded extension was played to it. */
export interface Outcome {
  readonly recorded: readonly RecordedCall[];
  readonly calls: readonly SeenCall[];
  readonly replies: readonly SeenReply[];
  readonly launches: readonly (readonly string[])[];
  /** Socket files that should be gone. */
  readonly leftFiles: readonly string[];
  readonly exitCode: number | null;
  /** osqueryd's own log. */
  readonly log: string;
  /** Directory in whose place the recording has another one. */
  readonly directory: string;
}

/** What the recorded watcher took from its start to its first look at its children. */
const watcherStartMs = 30;

/** Plays a trace to a stand-in of its own, in virtual time. */
export async function playScenario(trace: Trace): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'osq-'));
  const clock = new VirtualClock(trace.startMs);
  const recorded = recordedCalls(trace, readMessage);
  const recording = new Recording(trace, recorded, clock, join(directory, 'osq.em'));
  const extension = join(directory, 'golden.ext');
  writeFileSync(extension, '#!/bin/sh\n');
  chmodSync(extension, 0o755);
  writeFileSync(join(directory, 'extensions.load'), `${extension}\n`);
  const standIn = new StandInOsqueryd({
    argv: trace.flags.map((flag) => flag.replaceAll('$RUN', directory)),
    clock,
    env: {},
    spawn: recording.spawn,
    random: recordedRandom(trace, recorded),
    issueUuid: recordedUuids(trace),
    bootMs: bootTimes(trace),
    version: trace.version,
    assertions: !trace.name.endsWith('-ndebug'),
    print: () => {},
  });
  let log = '';
  let booting = 0;
  let exit: { code: number | null } | undefined;
  standIn.on((event) => {
    recording.activity += 1;
    if (event.kind === 'log') log += event.text;
    if (event.kind === 'worker_spawned') booting += 1;
    if (event.kind === 'worker_started') booting -= 1;
    if (event.kind === 'exited') exit ??= { code: event.code };
  });
  for (const event of trace.events) {
    if (event.kind !== 'note' || !event.text.startsWith('driver: ')) continue;
    const signal = driverSignal(standIn, extension, event.text);
    if (signal !== undefined) void clock.sleep(event.tMs).then(signal);
  }
  for (const { tMs, values } of fileEvents(recorded)) {
    void clock.sleep(tMs).then(() => standIn.publishEvent(values));
  }
  void clock.sleep(watcherStartMs).then(() => standIn.start());
  const end = (trace.events.at(-1)?.tMs ?? 0) + 30_000;
  const watcherKilled = trace.exitCode === null;
  while (exit === undefined || (watcherKilled && clock.monotonic() < end - 30_000)) {
    await quiet(recording, () => booting === 0);
    const [next] = clock.pending();
    if (next === undefined || clock.monotonic() + next > end) break;
    await clock.advance(next);
  }
  await quiet(recording, () => true);
  rmSync(directory, { recursive: true, force: true });
  return {
    recorded,
    calls: recording.calls,
    replies: recording.replies,
    launches: recording.launches.map(({ path, args }) => [path, ...args]),
    leftFiles: recording.leftFiles,
    exitCode: exit === undefined ? -1 : exit.code,
    log,
    directory,
  };
}

/** Waits until nothing happens on any socket any more: all ends are in this process, so a few turns show it. */
async function quiet(recording: Recording, ready: () => boolean): Promise<void> {
  for (let calm = 0, last = recording.activity; calm < 12; calm++) {
    await turn();
    if (recording.activity !== last || !ready()) calm = 0;
    last = recording.activity;
  }
}

function driverSignal(standIn: StandInOsqueryd, extension: string, text: string): (() => void) | undefined {
  if (/kill -9 of the osqueryd worker/.test(text)) return () => standIn.killWorker();
  if (/kill -9 of the watcher/.test(text)) return () => standIn.killWatcher();
  if (/kill -9 of the extension/.test(text)) return () => standIn.signalExtension(extension, 'SIGKILL');
  if (/SIGTERM to the osqueryd worker/.test(text)) return () => standIn.terminateWorker();
  if (/SIGTERM to osqueryd/.test(text)) return () => void standIn.stop();
  return undefined;
}

/** The ids that the recorded core gave out, in order. A refused registration may have used one up that nobody saw. */
function recordedUuids(trace: Trace): () => number {
  const uuids = trace.events.flatMap((event) => {
    if (event.kind !== 'data' || event.from !== 'core' || event.socket !== 'manager') return [];
    const message = readMessage(event.bytes);
    const status = message?.name === 'registerExtension' ? message.body.get(0) : undefined;
    if (!(status instanceof Map)) return [];
    if (status.get(1) === 0) return [Number(status.get(3))];
    return String(status.get(2)).startsWith('Failed adding registry') ? [0] : [];
  });
  let unseen = 65_535;
  return () => uuids.shift() || unseen--;
}

/** How long the recorded worker took to start: its manager looks after extensions from then on, in whole periods. */
function bootTimes(trace: Trace): () => number {
  let next = firstBootMs(trace);
  return () => {
    const bootMs = next;
    next = 20;
    return bootMs;
  };
}

function firstBootMs(trace: Trace): number {
  const interval = Number(/--extensions_interval=(\d+)/.exec(trace.flags.join(' '))?.[1] ?? 3) * 1000;
  const ping = recordedCalls(trace, readMessage).find(({ tMs, lane }, i, all) => {
    const next = all[i + 1];
    return lane === 'ping' && tMs > interval && (next === undefined || next.tMs - tMs > 20);
  });
  const first = trace.events.find((event) => event.kind === 'open')?.tMs ?? 100;
  const readyMs = ping !== undefined && ping.tMs - interval < first ? ping.tMs - interval : first - 2;
  return Math.max(0, readyMs - watcherStartMs);
}

/**
 * The recorded core chose splayed intervals at random: the choice is the one that makes the queries with long
 * intervals run when they did.
 */
function recordedRandom(trace: Trace, recorded: readonly RecordedCall[]): () => number {
  const ran = recorded.flatMap(({ message }) => {
    const text = show(message.body);
    const name = /\\"name\\":\\"(\w+)\\"/.exec(text)?.[1];
    const second = /\\"unixTime\\":(\d+)/.exec(text)?.[1];
    return name === undefined || second === undefined ? [] : [{ name, second: Number(second) }];
  });
  const config = recorded.map(({ answer }) => answer.pieces[0]?.bytes.toString('latin1') ?? '').join('');
  const query = /"(\w+)": \{"query": "[^"]*", "interval": 60\}/.exec(config)?.[1];
  const seconds = ran.filter(({ name }) => name === query).map(({ second }) => second);
  const first = Math.floor(trace.startMs / 1000);
  const last = first + Math.floor((trace.events.at(-1)?.tMs ?? 0) / 1000);
  const isRight = (splayed: number) => {
    for (let second = first; second < last; second++) {
      if ((second % splayed === 0) !== seconds.includes(second)) return false;
    }
    return true;
  };
  const choices = Array.from({ length: 13 }, (_, i) => i);
  const choice = choices.find((i) => isRight(54 + i)) ?? 6;
  return () => (choice + 0.5) / 13;
}

/** What happened to files, as the recorded core told it; the number and the time of an event are core's own. */
function fileEvents(recorded: readonly RecordedCall[]) {
  return recorded.flatMap(({ tMs, lane, message }) => {
    const event = new Map(textEntries(message.body.get(3))).get('event');
    if (!lane.endsWith('/event') || event === undefined) return [];
    const { eid: _eid, time: _time, ...values }: Record<string, string> = JSON.parse(event);
    return [{ tMs, values }];
  });
}
