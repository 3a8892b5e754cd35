import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peerCache } from './workspace.mjs';

const execute = promisify(execFile);
const osqueryPython = 'osquery==3.1.1';
const receivers = join(import.meta.dirname, '../receive/receivers');

/**
 * Other people's SDKs, where their language is at hand. What is missing is fetched with the language's own tools and
 * kept; what cannot be had is left out, with the reason.
 */
export const peers = [
  { name: 'osquery-go', get: osqueryGo },
  { name: 'osquery-python', get: osqueryPythonReceiver },
];

export async function findPeers(progress) {
  const found = [];
  const leftOut = [];
  for (const { name, get } of peers) {
    progress(`making ${name} ready`);
    try {
      found.push({ name, ...(await get()) });
    } catch (error) {
      leftOut.push({ name, reason: reasonOf(error) });
    }
  }
  return { found, leftOut };
}

/** Registers as `bench_go`. */
async function osqueryGo() {
  const file = join(peerCache(), 'osquery-go');
  await run('go', ['build', '-o', file, '.'], join(receivers, 'osquery-go'), 240_000);
  return { file, args: [], registers: 'bench_go' };
}

/** Registers as `bench_python`. */
async function osqueryPythonReceiver() {
  const script = join(receivers, 'osquery-python.py');
  const receiver = (file) => ({ file, args: [script], registers: 'bench_python' });
  if (await hasModule('python3')) return receiver('python3');
  const venv = join(peerCache(), 'python');
  const python = join(venv, 'bin/python3');
  if (!existsSync(python)) await run('python3', ['-m', 'venv', venv], '.', 60_000);
  if (!(await hasModule(python)))
    await run(python, ['-m', 'pip', 'install', '-q', osqueryPython], '.', 120_000);
  return receiver(python);
}

const hasModule = (python) =>
  execute(python, ['-c', 'import osquery']).then(
    () => true,
    () => false,
  );

const run = (file, args, cwd, timeout) => execute(file, args, { cwd, timeout });

function reasonOf(error) {
  if (error.code === 'ENOENT') return `no ${error.path} at hand`;
  if (error.killed) return 'fetching it took too long';
  const lines = (error.stderr ?? error.message).trim().split('\n');
  return (lines.at(-1) ?? '').slice(0, 100);
}
