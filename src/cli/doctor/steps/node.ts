import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { ourExtension, textOfFile } from '../extension-file.ts';
import { type Host, wasStartedByHand } from '../host.ts';
import { failure, ok, type Step, skipped, warning } from '../step.ts';

/** As `engines` in package.json. */
const least = [20, 19] as const;
const versionMs = 10_000;
const advice = `install Node ${least.join('.')} or later, and set OSQUERY_REMOTE_NODE=/path/to/node in osqueryd's environment`;

/** Is there a Node that the launcher finds, and is it new enough? */
export const node: Step = {
  name: 'node',
  needs: [],
  async check(host) {
    if (wasStartedByHand(host)) return [skipped('not looked at: osqueryd does not start the extension')];
    const found = findNode(host);
    if (found === undefined) return [failure('the launcher finds no Node', advice)];
    const { path, source } = found;
    if (!isExecutable(path))
      return [failure(`${source} names ${path}, which is no program that can be run`, advice)];
    const version = await versionOf(path);
    if (version === undefined) return [failure(`${path} (${source}) does not tell its version`, advice)];
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < least[0] || (major === least[0] && minor < least[1])) {
      return [failure(`${path} (${source}) is Node ${version}, which is too old`, advice)];
    }
    if (source === 'PATH') {
      return [
        warning(
          `Node ${version} (${path}) was found on your PATH: osqueryd's may be another one`,
          `set OSQUERY_REMOTE_NODE=${path} in osqueryd's environment`,
        ),
      ];
    }
    return [ok(`Node ${version} (${path})`)];
  },
};

/** As the launcher does: the variable, the Node of the build, the path. */
function findNode(host: Host): { path: string; source: string } | undefined {
  const named = host.env['OSQUERY_REMOTE_NODE'];
  if (named !== undefined && named !== '') {
    return {
      path: isAbsolute(named) ? named : (onPath(host, named) ?? named),
      source: 'OSQUERY_REMOTE_NODE',
    };
  }
  const entry = ourExtension(host);
  const built = entry && /^\s*node='([^']+)'/m.exec(textOfFile(entry.path))?.[1];
  if (entry !== undefined && built !== undefined && isExecutable(built))
    return { path: built, source: entry.path };
  const path = onPath(host, 'node');
  return path === undefined ? undefined : { path, source: 'PATH' };
}

function onPath({ env }: Host, name: string): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: versionMs, killSignal: 'SIGKILL' }, (_, stdout) =>
      resolve(/^v(\d+\.\d+\.\d+)/.exec(stdout)?.[1]),
    );
  });
}
