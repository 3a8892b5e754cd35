import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that some tests need, each the name of its Debian package; those tests are left out without them. */
const wanted = ['nats-server'];

const updateMs = 90_000;
const installMs = 150_000;

/** Installs what is missing where that can be done. @returns what is to be said about it. */
export function installMissing() {
  const missing = wanted.filter((program) => !isOnPath(program));
  if (missing.length === 0) return [];
  const reason = canInstall() ? tryInstall(missing) : 'needs root and apt-get';
  const left = missing.filter((program) => !isOnPath(program));
  const installed = missing.filter((program) => !left.includes(program));
  return [
    ...installed.map((program) => `${program}: installed`),
    ...left.map((program) => `${program}: not installed (${reason}); tests that need it are left out`),
  ];
}

function canInstall() {
  return process.getuid?.() === 0 && isOnPath('apt-get');
}

/** Each by itself: what one release of Debian does not have must not keep the others away. */
function tryInstall(packages) {
  const update = apt(['update'], updateMs);
  const failed = packages.filter(
    (name) => !apt(['install', '--yes', '--no-install-recommends', name], installMs),
  );
  if (failed.length === 0) return 'it is not on the PATH';
  return update ? 'apt-get install failed' : 'apt-get update failed';
}

function apt(args, timeout) {
  const { status } = spawnSync('apt-get', ['--quiet', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
