// Makes a checkout ready to run: installs packages and builds, each only when something has changed. Every npm script
// that needs the build runs this first, so that a fresh clone works at once. `--rebuild` builds in any case.
import './lib/node-version.mjs';
import { alone } from './lib/lock.mjs';
import { runScript, say } from './lib/say.mjs';
import { isBuilt, isInstalled } from './lib/state.mjs';

const rebuild = process.argv.includes('--rebuild');

await runScript(async () => {
  if (isInstalled() && isBuilt() && !rebuild) return;
  await alone(async () => {
    // Another process may have done it meanwhile.
    if (!isInstalled()) {
      const { install } = await import('./lib/install.mjs');
      say('Installing packages (npm ci)…');
      install();
    }
    if (isBuilt() && !rebuild) return;
    // Loaded only now: esbuild may not have been there before.
    const { build } = await import('./lib/build.mjs');
    say('Building…');
    await build();
  });
});
