import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Database } from './database.ts';
import { type ByteString, type StatusSink, toBytes } from './engine/index.ts';
import type { Flags } from './flags.ts';

/** How log lines name this host (`--host_identifier`). Anything but the host name is asked for once. */
export class HostIdentifier {
  readonly #flags: Flags;
  readonly #database: Database;
  readonly #log: StatusSink;
  #known: ByteString | undefined;

  constructor(flags: Flags, database: Database, log: StatusSink) {
    this.#flags = flags;
    this.#database = database;
    this.#log = log;
  }

  value(): ByteString {
    if (this.#known !== undefined) return this.#known;
    const found = this.#find();
    if (found === undefined) return toBytes(hostname());
    this.#known = found;
    const message = `Using host identifier: ${found}`;
    this.#log({ severity: 0, file: 'system.cpp', line: 241, message, verbose: true });
    return found;
  }

  /** `osquery_info.uuid`. The stand-in takes no notice of the hardware and keeps a random one. */
  hostUuid(): ByteString {
    return this.#stored('host_uuid_v3');
  }

  /** `osquery_info.instance_id`. */
  instanceUuid(): ByteString {
    return this.#stored('instance_uuid_v1');
  }

  #find(): ByteString | undefined {
    switch (this.#flags.text('host_identifier')) {
      case 'uuid':
        return this.hostUuid();
      case 'instance':
        return this.instanceUuid();
      case 'ephemeral':
        return randomUUID();
      case 'specified':
        return toBytes(this.#flags.text('specified_identifier')) || undefined;
      default:
        return undefined;
    }
  }

  #stored(key: string): ByteString {
    const stored = this.#database.get('configurations', key);
    if (stored !== undefined) return stored;
    const uuid = randomUUID();
    this.#database.put('configurations', key, uuid);
    return uuid;
  }
}
