import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildExtension } from './extension.mjs';
import { dist, root } from './paths.mjs';
import { Failure } from './say.mjs';
import { removeStale } from './stale.mjs';
import { packages, sources, writeStamp } from './state.mjs';

/** Makes dist/ and bin/ from what is installed. @throws {Failure} */
export async function build() {
  // Taken before: what changes meanwhile is built the next time.
  const stamp = { packages: packages(), sources: sources() };
  writeStamp({ packages: stamp.packages });
  compile();
  chmodSync(join(dist, 'cli', 'main.js'), 0o755);
  removeStale(await buildExtension());
  writeStamp(stamp);
}

/** Not incrementally: what somebody removed from dist/ comes back. */
function compile() {
  rmSync(join(dist, '.tsbuildinfo'), { force: true });
  const options = ['-p', 'tsconfig.build.json', '--incremental', 'false', '--tsBuildInfoFile', 'null'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler(), ...options], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Failure(`${stdout}${stderr}`.trim().concat('\nThe build failed: the types do not fit.'));
  }
}

function compiler() {
  const manifest = createRequire(join(root, 'package.json')).resolve('typescript/package.json');
  return join(dirname(manifest), 'bin', 'tsc');
}
