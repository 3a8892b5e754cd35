import type { RecordKind } from './outbox/index.ts';
import type { Store } from './store/index.ts';

/** Among the sources of one answer osqueryd applies this one last, so that it wins over the server's text. */
const sourceName = 'remote~batch';
const storeKey = 'batch!own';
const batchStart = Buffer.from('{"diffResults":');

/** What `logger_event_type` was before we changed it, and in which osqueryd: a new one starts with its own again. */
interface OwnValue {
  readonly value: boolean;
  readonly instance: string;
}

export interface BatchConditions {
  /** `remote_batch_results`. */
  readonly wanted: boolean;
  /** `logger_plugin` names us alone: another logger would see the batch form. */
  readonly alone: boolean;
  /** `logger_event_type` at this moment. */
  readonly eventType: boolean;
  /** Which process osqueryd is. */
  readonly instance: string;
}

/**
 * `remote_batch_results`: osqueryd makes one call per query instead of one per row, and the rows are written out as event
 * lines on their way to the server. For this `logger_event_type` is set to false by a second config source, so that the
 * server's own text stays as it is. A host whose own setting is false gets its batch lines as they are.
 */
export class BatchResults {
  readonly #store: Store;
  readonly #warn: (text: string) => void;
  /** The user's own value of the flag. */
  #own = true;
  #changed = false;
  #storedFor = '';
  #conditions: BatchConditions | undefined;
  #warned = false;

  constructor(store: Store, warn: (text: string) => void) {
    this.#store = store;
    this.#warn = warn;
  }

  /** At the start, before a line is taken and before the flag is changed. */
  async open(conditions: BatchConditions): Promise<void> {
    const before = await this.#store.get<OwnValue>(storeKey);
    this.#changed = before !== undefined && before.instance === conditions.instance;
    this.#own = this.#changed && before !== undefined ? before.value : conditions.eventType;
    this.#storedFor = before?.instance ?? '';
    this.#conditions = conditions;
  }

  /** New settings, or another osqueryd. The flag's value is not looked at again, since it may be ours. */
  update(conditions: Partial<Omit<BatchConditions, 'eventType'>>): void {
    if (this.#conditions !== undefined) this.#conditions = { ...this.#conditions, ...conditions };
  }

  /** The source that goes to osqueryd beside the server's configuration, if any. */
  async source(config: string): Promise<Record<string, string>> {
    const conditions = this.#conditions;
    if (conditions === undefined || (!conditions.wanted && !this.#changed)) return {};
    const inConfig = ownOption(config);
    if (inConfig !== undefined) this.#own = inConfig;
    if (!this.#own) return this.#changed ? { [sourceName]: '{}' } : {};
    if (conditions.wanted && !conditions.alone) {
      if (!this.#warned) {
        this.#warned = true;
        this.#warn(
          'remote_batch_results is ignored: another plugin in --logger_plugin would get the batch form too',
        );
      }
      return this.#changed ? { [sourceName]: optionText(true) } : {};
    }
    if (!this.#changed || this.#storedFor !== conditions.instance) {
      await this.#store.put(storeKey, { value: this.#own, instance: conditions.instance } satisfies OwnValue);
      this.#changed = true;
      this.#storedFor = conditions.instance;
    }
    return { [sourceName]: optionText(!conditions.wanted) };
  }

  /** Whether a result line is to be written out as one line per row. Looks at its first bytes only. */
  kindOf(line: Uint8Array): RecordKind {
    const isBatch = line.length > batchStart.length && batchStart.compare(line, 0, batchStart.length) === 0;
    return isBatch && this.#own ? 'rows' : 'line';
  }
}

function optionText(eventType: boolean): string {
  return JSON.stringify({ options: { logger_event_type: eventType } });
}

/** `logger_event_type` in the server's own text. */
function ownOption(config: string): boolean | undefined {
  if (!config.includes('"logger_event_type"')) return undefined;
  try {
    const { options } = JSON.parse(config) as { options?: Record<string, unknown> };
    const value = options?.['logger_event_type'];
    return value === undefined ? undefined : value === true || value === 'true' || value === 1;
  } catch {
    return undefined;
  }
}
