import type { EnrollmentStore, Log } from './options.ts';
import type { StoredEnrollment } from './stored.ts';
import { textOf } from './text.ts';

/** Saves the state, one save after the other. Each writes what is true when its turn comes. */
export class StateFile {
  readonly #store: EnrollmentStore;
  readonly #contents: () => StoredEnrollment;
  readonly #log: Log;
  #saving: Promise<boolean> = Promise.resolve(true);

  constructor(store: EnrollmentStore, contents: () => StoredEnrollment, log: Log) {
    this.#store = store;
    this.#contents = contents;
    this.#log = log;
  }

  /** What was stored; undefined also when it cannot be read, which is logged. */
  async load(): Promise<unknown> {
    try {
      return await this.#store.load();
    } catch (error) {
      this.#log('error', `cannot read the enrollment state: ${textOf(error)}`);
      return undefined;
    }
  }

  /** Whether it worked. The first failure in a row is logged. */
  save(): Promise<boolean> {
    this.#saving = this.#saving.then(async (worked) => {
      try {
        await this.#store.save(this.#contents());
        return true;
      } catch (error) {
        if (worked) this.#log('error', `cannot save the enrollment state: ${textOf(error)}`);
        return false;
      }
    });
    return this.#saving;
  }

  /** Whether the last save worked, once all are over. */
  saved(): Promise<boolean> {
    return this.#saving;
  }
}
