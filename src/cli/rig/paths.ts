import { fileURLToPath } from 'node:url';

/** The package, from its source as well as from what is built: both lie equally deep. */
const root = new URL('../../../', import.meta.url);

/** What osqueryd is told to load. */
export const extensionPath = fileURLToPath(new URL('bin/osquery-remote.ext', root));

/** This command as a program of its own. */
export const commandPath = fileURLToPath(new URL('dist/cli/main.js', root));
