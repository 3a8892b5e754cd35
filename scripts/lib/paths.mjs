import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout, whatever the working directory is. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const source = join(root, 'src');
export const dist = join(root, 'dist');

/** What osqueryd runs. */
export const extension = join(root, 'bin', 'osquery-remote.ext');

/** What was installed and built last. It is gone whenever npm installs everything anew. */
export const stampFile = join(root, 'node_modules', '.osquery-remote.json');

/** Held by the one process that installs or builds. */
export const lockFile = join(dist, '.prepare.lock');
