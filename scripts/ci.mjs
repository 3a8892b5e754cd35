// `.ci/run`: everything that must be right before a change is taken. Ends with the sum of all, in less than 15 minutes.
import './lib/node-version.mjs';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMissing } from './lib/debian.mjs';
import { root } from './lib/paths.mjs';
import { say } from './lib/say.mjs';
import { summary } from './test-reporter.mjs';

const minute = 60_000;
const started = Date.now();
/** What lint and types may take at the end. */
const reserve = 1.5 * minute;

for (const line of installMissing()) say(line);

const counts = { passed: 0, failed: 0, skipped: 0 };
const add = (more) => {
  for (const key of Object.keys(counts)) counts[key] += more[key];
};

add(tests());
for (const script of ['lint', 'types']) {
  const ok = npm(['run', '--silent', script], reserve / 2);
  say(`${script}: ${ok ? 'passed' : 'failed'}`);
  add({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });
}
process.stdout.write(`${summary(counts)}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;

/** A run that fails without a failed test, as when it could not be built or took too long, counts as one failure. */
function tests() {
  const directory = mkdtempSync(join(tmpdir(), 'osquery-remote-ci-'));
  const file = join(directory, 'counts.json');
  try {
    const ok = npm(['test'], testMs(), { OSQUERY_REMOTE_TEST_COUNTS: file });
    const run = readCounts(file);
    return ok || run.failed > 0 ? run : { ...run, failed: 1 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What is left of 14 minutes. */
function testMs() {
  return Math.round(14 * minute - reserve - (Date.now() - started));
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

/** @returns whether it ended with 0 in time. */
function npm(args, timeout, env = {}) {
  const { error, status } = spawnSync('npm', args, {
    cwd: root,
    stdio: 'inherit',
    timeout,
    env: { ...process.env, ...env },
  });
  if (error !== undefined) say(`npm ${args.join(' ')}: ${error.code}`);
  return status === 0;
}
