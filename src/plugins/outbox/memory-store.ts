import type { LookupStore } from './lookups.ts';

/** A store that forgets everything with the process. */
export function memoryStore(): LookupStore {
  const values = new Map<string, string>();
  return {
    batch(operations) {
      for (const operation of operations) {
        if (operation.type === 'put') values.set(operation.key, operation.value);
        else values.delete(operation.key);
      }
      return Promise.resolve();
    },
    async *iterator({ gte, lt }) {
      for (const key of [...values.keys()].sort()) {
        if (key >= gte && key < lt) yield [key, values.get(key) ?? ''];
      }
    },
  };
}
