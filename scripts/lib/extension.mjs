import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { launcher } from './launcher.mjs';
import { dist, extension, root, source } from './paths.mjs';
import { say } from './say.mjs';

const folder = join(dist, 'ext');

/**
 * Some packages are CommonJS and ask for Node's own modules with `require`, which an ES module does not have.
 */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
};

/** Reads its version before anything newer is parsed: an old Node says so instead of failing somewhere. */
const start = (oldest) => `// The entry of the extension; made by the build.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < ${oldest[0]} || (major === ${oldest[0]} && minor < ${oldest[1]})) {
  process.stderr.write(\`osquery-remote.ext needs Node ${oldest.join('.')} or newer, and this is \${process.versions.node}; set OSQUERY_REMOTE_NODE to a newer one.\\n\`);
  process.exit(1);
}
const running = import('./main.js');
// Whoever read our messages may be gone; a message that nobody reads is no error.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
await running;
`;

/**
 * A user's transport module throws the RemoteError that it gets from the package `osquery-remote`. It must be the same
 * class here, so this one module is not bundled.
 */
const oneErrorClass = {
  name: 'one error class',
  setup(builder) {
    builder.onResolve({ filter: /error\.ts$/ }, ({ resolveDir, path }) =>
      resolve(resolveDir, path) === join(source, 'plugins', 'transport', 'error.ts')
        ? { path: '../plugins/transport/error.js', external: true }
        : undefined,
    );
  },
};

/** What a transport module gets for `osquery-remote` where that package cannot be found. */
const index = `// Made by the build.
export * from '../plugins/transport/index.js';
`;

/**
 * Makes the extension as osqueryd runs it: bundles in dist/ext, because reading some hundred modules would take longer
 * than all the rest of its start, and the launcher in bin/.
 * @returns the files that it made, absolute.
 */
export async function buildExtension() {
  const entries = {
    main: join(source, 'plugins', 'main.ts'),
    // The main thread looks for the worker beside itself, under this name.
    worker: join(source, 'plugins', 'transport', 'worker.ts'),
  };
  if (!existsSync(entries.main)) {
    say('src/plugins/main.ts does not exist: the extension is left out.');
    return [];
  }
  const { metafile } = await build({
    entryPoints: entries,
    outdir: folder,
    bundle: true,
    // What is imported dynamically goes into files of its own, which cost nothing before they are asked for.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // With native code, and found in node_modules.
    external: ['level', 'classic-level', 'tsx/esm/api'],
    banner,
    plugins: [oneErrorClass],
    absWorkingDir: root,
    metafile: true,
    logLevel: 'error',
  });
  const entry = join(folder, 'start.js');
  writeFileSync(entry, start([20, 19]));
  const self = join(folder, 'index.js');
  writeFileSync(self, index);
  writeLauncher();
  return [entry, self, ...Object.keys(metafile.outputs).map((file) => join(root, file))];
}

/** osqueryd runs no file that others may write to. The name always stands for a whole file. */
function writeLauncher() {
  mkdirSync(dirname(extension), { recursive: true, mode: 0o755 });
  const temporary = `${extension}.${process.pid}`;
  writeFileSync(temporary, launcher(process.execPath), { mode: 0o755 });
  chmodSync(temporary, 0o755);
  renameSync(temporary, extension);
}
