import { join } from 'node:path';
import { ask, startNode } from '../lib/children.mjs';

const file = join(import.meta.dirname, 'manager.mjs');

/**
 * Starts the manager stand-in in a process of its own.
 * @param {string} path of its socket
 * @param {Record<string, string | number>} flags what `options()` answers
 */
export async function startManager(path, flags = {}) {
  const child = startNode(file, [path], { env: { BENCH_FLAGS: JSON.stringify(flags) } });
  await ask(child);
  return {
    child,
    path,
    /** The next registration under `name`; call it before the extension is started. */
    registration(name, timeoutMs = 20_000) {
      return new Promise((resolve, reject) => {
        const finish = (act, value) => {
          clearTimeout(timer);
          child.off('message', onMessage);
          act(value);
        };
        const onMessage = (told) => {
          if (told.registered === name || (name === undefined && told.registered !== undefined)) {
            finish(resolve, { uuid: told.uuid, at: BigInt(told.at), socket: `${path}.${told.uuid}` });
          }
        };
        const timer = setTimeout(() => finish(reject, new Error('did not register')), timeoutMs);
        child.on('message', onMessage);
      });
    },
    /** Makes the reply to `SELECT <count>`. */
    prepareRows: (count) => ask(child, { rows: count }),
  };
}
