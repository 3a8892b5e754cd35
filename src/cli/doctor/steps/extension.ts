import { isLauncher, loadedExtensions, missingCode, ourExtension, refusals } from '../extension-file.ts';
import { flag, wasStartedByHand } from '../host.ts';
import { failure, orOk, type Step, warning } from '../step.ts';

const loadIt =
  '--extension=<prefix>/lib/node_modules/osquery-remote/bin/osquery-remote.ext (npm prefix --global)';

/** Would osqueryd run the file? */
export const extension: Step = {
  name: 'extension',
  needs: [],
  check(host) {
    if (wasStartedByHand(host)) {
      const text =
        'osqueryd loads no extension by itself: one that is started by hand must be there before osqueryd asks for it';
      return [warning(text, loadIt)];
    }
    if (loadedExtensions(host).length === 0) {
      return [
        failure(
          `osqueryd loads no extension: --extension is not set, and ${flag(host, 'extensions_autoload')} names none`,
          loadIt,
        ),
      ];
    }
    const entry = ourExtension(host);
    if (entry === undefined) {
      const names = loadedExtensions(host).map(({ path }) => path);
      return [
        failure(`osquery-remote is not among the extensions: ${names.join(', ')}`, 'add it as --extension'),
      ];
    }
    const findings = refusals(entry, host);
    const code = missingCode(entry);
    if (code !== undefined)
      findings.push(failure(`${code} is missing`, 'install the package anew, or npm run build in it'));
    if (!isLauncher(entry)) {
      findings.push(warning(`cannot tell whether ${entry.path} is osquery-remote: its name is another one`));
    }
    return orOk(findings, `${entry.path} (${entry.source})`);
  },
};
