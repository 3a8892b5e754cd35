import { loadedExtensions, missingCode, ourExtension, refusals } from '../extension-file.ts';
import { flag, type Host, isOn, type Registry, wasStartedByHand } from '../host.ts';
import { activated, builtIn, registries } from '../plugin-names.ts';
import { type Finding, failure, ok, type Step } from '../step.ts';
import { node } from './node.ts';

/** A UNIX socket's path has 108 bytes on Linux and 104 elsewhere, with its end; the extension's own is 6 longer. */
const maxSocketBytes = (process.platform === 'linux' ? 107 : 103) - 6;

/** A preview: would osqueryd start, or exit with 78 because a plugin is missing? */
export const start: Step = {
  name: 'start',
  needs: [],
  async check(host) {
    const missing = registries.flatMap((registry) =>
      activated(host, registry)
        .filter((name) => !builtIn[registry].includes(name))
        .map((name) => ({ registry, name })),
    );
    if (missing.length === 0)
      return [ok('osqueryd starts with its own plugins; it would not notice if ours were missing')];
    const reason = await whyNotRegistered(host);
    const findings = missing
      .filter(({ name }) => reason !== undefined || name !== 'remote')
      .map(({ registry, name }) => exit78(registry, name, name === 'remote' ? reason : undefined));
    return findings.length > 0
      ? findings
      : [ok(`osqueryd starts once we have registered, within ${timeoutOf(host)}`)];
  },
};

function exit78(registry: Registry, name: string, reason: string | undefined): Finding {
  const because = reason ?? 'no extension that we know registers it';
  return failure(
    `osqueryd would exit with 78, "Cannot activate ${name} ${registry} plugin: Unknown registry plugin: ${name}": ${because}`,
    reason === undefined ? `correct --${registry}_plugin` : 'see above',
  );
}

async function whyNotRegistered(host: Host): Promise<string | undefined> {
  if (isOn(host, 'disable_extensions')) return '--disable_extensions is on';
  if (Buffer.byteLength(host.socket) > maxSocketBytes) {
    return `--extensions_socket is longer than ${maxSocketBytes} bytes, which leaves no room for the extension's own socket beside it`;
  }
  // Who started it by hand had to do that before osqueryd.
  if (wasStartedByHand(host)) return undefined;
  if (loadedExtensions(host).length === 0) return 'it loads no extension, and so waits for none';
  const entry = ourExtension(host);
  if (entry === undefined) return 'osquery-remote is not among its extensions';
  if (refusals(entry, host).some(({ level }) => level === 'failure')) return 'it does not run the extension';
  const hasNode = (await node.check(host)).every(({ level }) => level !== 'failure');
  return hasNode && missingCode(entry) === undefined ? undefined : 'the extension ends at its start';
}

function timeoutOf(host: Host): string {
  return `${Number.parseInt(flag(host, 'extensions_timeout'), 10) || 0} s (--extensions_timeout)`;
}
