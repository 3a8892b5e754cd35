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
  const importModule = /\.[mc]?ts$/.test(real) ? typescriptImporter(real) : importPlain;
  if (importModule === undefined) throw refuse(typescriptAdvice);
  findOurselves(real);
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await importModule(pathToFileURL(real).href);
  } catch (cause) {
    throw refuse(`it failed to load: ${firstLine(cause)}`, cause);
  }
  try {
    return aroundOf(checkModule(loaded['default']));
  } catch (cause) {
    throw refuse(firstLine(cause), cause);
  }
}

const fromSource = import.meta.url.endsWith('.ts');

type Importer = (href: string) => Promise<Record<string, unknown>>;

const importPlain: Importer = (href) => import(href);

const typescriptAdvice =
  `Node ${process.versions.node} does not read TypeScript by itself: install tsx beside it (npm install tsx), or turn it ` +
  'into JavaScript (npx esbuild transport.ts --bundle --packages=external --platform=node --format=esm ' +
  '--outfile=transport.mjs) and name that';

/** Node itself where it strips types (22.18, 23.6 and later), else `tsx` if it is beside the module or beside us. */
function typescriptImporter(path: string): Importer | undefined {
  // From its source this runs under tsx already.
  const native = 'typescript' in process.features && process.features.typescript;
  if (native || fromSource) return importPlain;
  const home = resolveFrom(path, 'tsx/package.json') ?? resolveFrom(import.meta.url, 'tsx/package.json');
  if (home === undefined) return undefined;
  return async (href) => {
    const { tsImport } = await import(new URL('dist/esm/api/index.mjs', pathToFileURL(home)).href);
    return tsImport(href, import.meta.url);
  };
}

/** A module may lie anywhere (`/etc/osquery`), where `osquery-remote` is not found: then that is the running one. */
function findOurselves(path: string): void {
  if (!fromSource && resolveFrom(path, 'osquery-remote') !== undefined) return;
  const self = new URL(fromSource ? './index.ts' : './index.js', import.meta.url).href;
  const hook = `export const resolve = (specifier, context, next) =>
    next(specifier === 'osquery-remote' ? ${JSON.stringify(self)} : specifier, context);`;
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
