import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Around } from './around.ts';
import { aroundOf } from './custom.ts';
import { checkModule } from './define.ts';
import { RemoteError } from './error.ts';
import { checkModuleFile, moduleVariable } from './module-file.ts';

/**
 * Loads the user's module.
 * @param path absolute
 * @throws {RemoteError} `settings`, with one line that says what is wrong
 */
export async function loadModule(path: string): Promise<Around> {
  const real = checkModuleFile(path);
  const refuse = (why: string, cause?: unknown) =>
    new RemoteError('settings', `${moduleVariable}=${path}: ${why}`, { cause });
  const { href } = pathToFileURL(real);
  const typescript = /\.m?ts$/.test(real) && (fromSource || !readsTypeScript);
  if (typescript && !(await registerTsx(real))) throw refuse(typescriptAdvice);
  addHooks(href, typescript);
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await import(href);
  } catch (cause) {
    throw refuse(`it failed to load: ${firstLine(cause)}`, cause);
  }
  try {
    return aroundOf(checkModule(loaded['default']));
  } catch (cause) {
    throw refuse(firstLine(cause), cause);
  }
}

/** True when this runs from its source, under tsx. */
const fromSource = import.meta.url.endsWith('.ts');

const typescriptAdvice =
  `Node ${process.versions.node} does not read TypeScript by itself: install tsx beside it (npm install tsx), or turn it ` +
  'into JavaScript (npx esbuild transport.ts --bundle --packages=external --platform=node --format=esm ' +
  '--outfile=transport.mjs) and name that';

/** Node strips types by itself from 22.18 and 23.6 on. */
const readsTypeScript = 'typescript' in process.features && Boolean(process.features.typescript);

/** True if `tsx` is there now: beside the module, or beside us. */
async function registerTsx(path: string): Promise<boolean> {
  if (fromSource) return true;
  const home = resolveFrom(path, 'tsx/package.json') ?? resolveFrom(import.meta.url, 'tsx/package.json');
  if (home === undefined) return false;
  const tsx = await import(new URL('dist/esm/api/index.mjs', pathToFileURL(home)).href);
  tsx.register();
  return true;
}

/**
 * A module may lie anywhere (`/etc/osquery`), where neither `osquery-remote` is found nor a `package.json` says that it
 * is an ES module. In it, `osquery-remote` names the transport of the running one: nothing else of it belongs into this
 * thread, and loading all would cost six times the time.
 */
function addHooks(href: string, typescript: boolean): void {
  const self = new URL(fromSource ? './index.ts' : './index.js', import.meta.url).href;
  const hook = `export const resolve = async (specifier, context, next) => {
    const found = await next(specifier === 'osquery-remote' ? ${JSON.stringify(self)} : specifier, context);
    return ${typescript} && found.url.split('?')[0] === ${JSON.stringify(href)} ? { ...found, format: 'module' } : found;
  };`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

function resolveFrom(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}

function firstLine(thrown: unknown): string {
  const text = RemoteError.from(thrown).message.replace(/^internal: /, '');
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? 'without a reason'
  );
}
