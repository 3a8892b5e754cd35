import type { EnrollmentStore, StoredEnrollment } from './enrollment/index.ts';
import type { Store } from './store/index.ts';
import type { Transport } from './transport/index.ts';

const enrollmentKey = 'enrollment!state';

/** Where the node key and the state of its series are. */
export function plainStore(store: Store): EnrollmentStore {
  return {
    load: () => store.get<StoredEnrollment>(enrollmentKey),
    save: (state) => store.put(enrollmentKey, state),
  };
}

/** The same, with a transport module that may have a place of its own for the key. */
export function hookedStore(store: Store, transport: Transport, signal: AbortSignal): EnrollmentStore {
  const { load, save } = plainStore(store);
  return {
    async load() {
      const stored = await load();
      const hook = await transport.nodeKey({ kind: 'load' }, signal);
      if (hook.kind !== 'loaded') return stored;
      const { key, ...rest } = stored ?? noEnrollment;
      return hook.nodeKey === '' ? rest : { ...rest, key: { key: hook.nodeKey, time: key?.time ?? 0 } };
    },
    async save(state) {
      const hook = await transport.nodeKey({ kind: 'store', nodeKey: state.key?.key ?? '' }, signal);
      if (hook.kind === 'failed') throw new Error(hook.reason);
      // What is kept elsewhere is not written a second time; when it was issued is.
      await save(hook.kind === 'stored' && state.key ? { ...state, key: { ...state.key, key: '' } } : state);
    },
  };
}

const noEnrollment: StoredEnrollment = {
  attempts: 0,
  nextAttemptAt: 0,
  waitMs: 0,
  strikes: 0,
  lastReason: '',
};
