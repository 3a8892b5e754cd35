import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Everything that was started and has not ended, so that nothing outlives the bench. */
const living = new Set();

process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** A Node process that talks over IPC. `errors` collects what it wrote to stderr. */
export function startNode(file, args = [], options = {}) {
  const { nodeArgs = [], env = {} } = options;
  return keep(
    fork(file, args, {
      execArgv: nodeArgs,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }),
  );
}

export function startProgram(file, args = [], { env = {} } = {}) {
  return keep(spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] }));
}

function keep(child) {
  living.add(child);
  child.errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    child.errors = (child.errors + text).slice(-4000);
  });
  child.once('error', (error) => {
    child.errors += error.message;
  });
  child.once('close', () => living.delete(child));
  return child;
}

/** Waits for the end of a process; SIGKILL after `graceMs`. */
export async function stop(child, graceMs = 0) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const end = once(child, 'exit');
  child.kill(graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await end;
  clearTimeout(timer);
}

/** Sends a question to a process of `startNode` and waits for its next message. */
export function ask(child, question, timeoutMs = 120_000) {
  return new Promise((resolve, reject) => {
    const finish = (act, value) => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
      act(value);
    };
    const onMessage = (answer) =>
      answer.error === undefined ? finish(resolve, answer) : finish(reject, new Error(answer.error));
    const onExit = (code, signal) =>
      finish(reject, new Error(`ended with ${signal ?? code}: ${child.errors.trim()}`));
    const timer = setTimeout(
      () =>
        finish(
          reject,
          new Error(`${basename(child.spawnargs[1] ?? '')} did not answer within ${timeoutMs / 1000} s`),
        ),
      timeoutMs,
    );
    child.on('message', onMessage).on('exit', onExit);
    if (question !== undefined) child.send(question);
  });
}

/** Waits until somebody listens at `path()`, which may be undefined at first. */
export async function listening(child, path, timeoutMs = 15_000) {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(20)) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new Error(firstLine(child.errors) || `ended with ${child.signalCode ?? child.exitCode}`);
    }
    const place = path();
    if (place !== undefined && (await answers(place))) return place;
  }
  throw new Error(firstLine(child.errors) || `did not listen within ${timeoutMs} ms`);
}

const firstLine = (text) => text.trim().split('\n').at(-1) ?? '';

function answers(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
