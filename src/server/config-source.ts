import { readFile, stat } from 'node:fs/promises';
import type { ServerEvents } from './events.ts';

/** A config that no osquery would take. The message says why. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The config that all nodes get: a JSON file, read again when it changes, or an object. */
export class ConfigSource {
  readonly #file: string | undefined;
  readonly #events: ServerEvents;
  #current: Uint8Array;
  /** Time, size and inode of the file at the last look. */
  #stamp = '';

  private constructor(file: string | undefined, current: Uint8Array, events: ServerEvents) {
    this.#file = file;
    this.#current = current;
    this.#events = events;
  }

  /** @throws {ConfigError} */
  static fromObject(config: Readonly<Record<string, unknown>>, events: ServerEvents): ConfigSource {
    return new ConfigSource(undefined, checked(Buffer.from(JSON.stringify(config))), events);
  }

  /** @throws {ConfigError} when the file cannot be used now. Later a file that cannot be used is reported as an event. */
  static async fromFile(path: string, events: ServerEvents): Promise<ConfigSource> {
    const stamp = await stampOf(path);
    const source = new ConfigSource(path, await load(path), events);
    source.#stamp = stamp;
    events.emit({ kind: 'config_loaded', bytes: source.#current.length });
    return source;
  }

  /** From now on this config. A file is not looked at any more before it changes. */
  set(config: Readonly<Record<string, unknown>>): void {
    this.#current = checked(Buffer.from(JSON.stringify(config)));
  }

  /** The JSON text as it is served: the bytes of the file, or of the last one that was good. */
  async current(): Promise<Uint8Array> {
    if (this.#file !== undefined) await this.#reload(this.#file);
    return this.#current;
  }

  async #reload(file: string): Promise<void> {
    const stamp = await stampOf(file).catch(() => 'unreadable');
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      this.#current = await load(file);
      this.#events.emit({ kind: 'config_loaded', bytes: this.#current.length });
    } catch (error) {
      this.#events.emit({ kind: 'config_invalid', reason: (error as Error).message });
    }
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true });
    return `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
  } catch (error) {
    throw new ConfigError(`cannot read the config ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function load(path: string): Promise<Uint8Array> {
  try {
    return checked(await readFile(path));
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`, { cause: error });
    throw new ConfigError(`cannot read the config ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function checked(bytes: Buffer): Uint8Array {
  let config: unknown;
  try {
    config = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ConfigError(`not valid JSON: ${(error as Error).message}`);
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new ConfigError('not a JSON object');
  }
  for (const name of ['error', 'node_invalid']) {
    // osquery takes either at the top level for a refusal of the request.
    if (name in config) throw new ConfigError(`a config must not have a top-level member "${name}"`);
  }
  return bytes;
}
