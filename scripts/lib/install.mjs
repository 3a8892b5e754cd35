import { spawnSync } from 'node:child_process';
import { root } from './paths.mjs';
import { Failure } from './say.mjs';
import { packages, writeStamp } from './state.mjs';

/** Lines of npm's output that are shown when it fails. */
const shownLines = 15;

/** Installs exactly what package-lock.json says, also what is only needed to build, whatever NODE_ENV is. */
export function install() {
  const npm = process.env.npm_execpath;
  const [command, ...args] = /\.c?js$/.test(npm ?? '') ? [process.execPath, npm] : ['npm'];
  const options = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ];
  const { error, status, stdout, stderr } = spawnSync(command, [...args, ...options], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw new Failure(`npm cannot be run (${error.code}); install it and try again.`);
  if (status !== 0) {
    const said = `${stdout}${stderr}`.trim().split('\n').slice(-shownLines);
    throw new Failure([...said, 'npm ci failed: the packages could not be installed.'].join('\n'));
  }
  writeStamp({ packages: packages() });
}
