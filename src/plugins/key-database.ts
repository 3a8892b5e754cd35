import type { ExtensionManager } from '../extension/index.ts';
import type { KeyDatabase } from './enrollment/index.ts';

/** Where osquery's built-in plugins keep their node key (`rem/enroll/enroll.cpp`). */
const domain = 'configurations';
const keyName = 'nodeKey';
const timeName = 'nodeKeyTime';

const callMs = 10_000;

/**
 * The node key in osqueryd's own database: a host that changes between the built-in plugins and these does not enroll
 * again, and the built-in carver finds a key.
 */
export function keyDatabase({ database }: ExtensionManager): KeyDatabase {
  const options = { timeoutMs: callMs };
  return {
    async read() {
      const key = await database.get(domain, keyName, options);
      if (key === undefined || key === '') return undefined;
      const time = Number(await database.get(domain, timeName, options));
      return { key, time: Number.isFinite(time) ? time : 0 };
    },
    async write({ key, time }) {
      await database.putBatch(domain, { [keyName]: key, [timeName]: String(time) }, options);
    },
  };
}
