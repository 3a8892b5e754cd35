import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Memory of this process in MiB, when everything that nobody refers to is gone. */
export async function memoryInUse(): Promise<{ readonly rss: number; readonly used: number }> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 5; i++) {
    await turn();
    collect();
  }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const mib = 1024 * 1024;
  return { rss: rss / mib, used: (heapUsed + arrayBuffers) / mib };
}
