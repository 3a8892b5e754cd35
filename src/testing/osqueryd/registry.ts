import { builtInPlugins } from './built-in-plugins.ts';
import { type ByteString, compareBytes, type StatusSink } from './engine/index.ts';
import { failed, ok, type Row, type Status } from './status.ts';

/** How an extension introduces itself. */
export interface ExtensionInfo {
  readonly name: ByteString;
  readonly version: ByteString;
  readonly sdkVersion: ByteString;
  readonly minSdkVersion: ByteString;
}

/** Route information by plugin name, by registry name. */
export type Broadcast = ReadonlyMap<ByteString, ReadonlyMap<ByteString, readonly Row[]>>;

/** A plugin as `osquery_registry` lists it. */
export interface RegistryEntry {
  readonly registry: ByteString;
  readonly name: ByteString;
  /** 0 is core itself. */
  readonly ownerUuid: number;
}

/** Makes an extension's table known to SQL. */
export interface TableSink {
  attach(name: ByteString, route: readonly Row[]): Status;
  detach(name: ByteString): void;
}

/** Extensions before this version of the SDK are refused. */
const minimumSdk = [1, 7, 7];

/**
 * The plugins that core knows, its own and those of extensions, and the extensions themselves. Registration checks
 * what osqueryd checks, in its order, and leaves behind what osqueryd leaves behind when a check fails late.
 */
export class Registry {
  readonly #extensions = new Map<number, ExtensionInfo>();
  /** Ids whose routes are in place; a name of `#extensions` without one is stale. */
  readonly #routed = new Set<number>();
  readonly #owners = new Map<ByteString, Map<ByteString, number>>();
  /** Names that nobody can take or call any more until osqueryd starts again. */
  readonly #reserved = new Set<string>();
  readonly #issued = new Set<number>();
  readonly #tables: TableSink;
  readonly #log: StatusSink;
  readonly #issueUuid: () => number;

  /**
   * @param issueUuid ids for extensions; asked again while it returns one that is taken.
   */
  constructor(tables: TableSink, log: StatusSink, issueUuid: () => number) {
    this.#tables = tables;
    this.#log = log;
    this.#issueUuid = issueUuid;
    for (const [registry, names] of builtInPlugins) {
      this.#owners.set(registry, new Map(names.map((name) => [name, 0])));
    }
  }

  /** Adds one of core's own plugins. */
  addOwn(registry: ByteString, name: ByteString): void {
    this.#owners.get(registry)?.set(name, 0);
  }

  /** The living and the not yet noticed dead extensions, by id, in order of the ids. */
  extensions(): Map<number, ExtensionInfo> {
    this.#dropStale();
    return new Map([...this.#extensions].sort(([a], [b]) => a - b));
  }

  /** Ids that the manager's watcher looks after, in ascending order. */
  routedUuids(): number[] {
    return [...this.#routed].sort((a, b) => a - b);
  }

  hasRegistry(registry: ByteString): boolean {
    return this.#owners.has(registry);
  }

  /** Who answers for a plugin: 0 is core itself, `undefined` nobody. */
  owner(registry: ByteString, name: ByteString): number | undefined {
    return this.#owners.get(registry)?.get(name);
  }

  entries(): RegistryEntry[] {
    return [...this.#owners]
      .sort(([a], [b]) => compareBytes(a, b))
      .flatMap(([registry, names]) =>
        [...names]
          .sort(([a], [b]) => compareBytes(a, b))
          .map(([name, ownerUuid]) => ({ registry, name, ownerUuid })),
      );
  }

  /** `registerExtension`: the id is 0 when it is refused. */
  register(info: ExtensionInfo, broadcast: Broadcast): Status & { readonly uuid: number } {
    this.#dropStale();
    if ([...this.#extensions.values()].some(({ name }) => name === info.name)) {
      const message = `Refusing to register duplicate extension ${info.name}`;
      this.#log({ severity: 2, file: 'interface.cpp', line: 114, message });
      return { ...failed('Duplicate extension registered'), uuid: 0 };
    }
    if (!isCompatible(info.sdkVersion)) {
      return { ...failed('Incompatible extension SDK version'), uuid: 0 };
    }
    const uuid = this.#newUuid();
    const about = `${info.name}, ${uuid}, version=${info.version}, sdk=${info.sdkVersion}`;
    this.#log({ severity: 0, file: 'interface.cpp', line: 137, message: `Registering extension (${about})` });
    const status = this.#add(uuid, broadcast);
    if (status.code !== 0) {
      const message = `Could not add extension ${info.name}: ${status.message}`;
      this.#log({ severity: 2, file: 'interface.cpp', line: 143, message });
      return { ...failed(`Failed adding registry: ${status.message}`), uuid: 0 };
    }
    this.#extensions.set(uuid, info);
    return { ...ok, uuid };
  }

  /** `deregisterExtension`. */
  deregister(uuid: number): Status {
    this.#dropStale();
    if (!this.#extensions.delete(uuid)) return failed('No extension UUID found');
    this.drop(uuid);
    this.#issued.delete(uuid);
    return ok;
  }

  /** Takes away an extension's routes. Its name stays in the list until somebody asks for the list. */
  drop(uuid: number): void {
    this.#routed.delete(uuid);
    for (const [registry, names] of this.#owners) {
      for (const [name, owner] of names) {
        if (owner === uuid && uuid !== 0) this.#remove(registry, name);
      }
    }
  }

  #add(uuid: number, broadcast: Broadcast): Status {
    const registries = [...broadcast].sort(([a], [b]) => compareBytes(a, b));
    for (const [registry, plugins] of registries) {
      for (const name of [...plugins.keys()].sort(compareBytes)) {
        if (this.#isTaken(registry, name)) {
          return failed(`Registry item ${name} conflicts with another item of the same name.`);
        }
      }
    }
    for (const [registry, plugins] of registries) {
      const names = this.#owners.get(registry);
      // The names added so far stay taken, by an id that nobody has.
      if (names === undefined) return failed(`Unknown registry: ${registry}`);
      for (const name of [...plugins.keys()].sort(compareBytes)) {
        const status = registry === 'table' ? this.#tables.attach(name, plugins.get(name) ?? []) : ok;
        if (status.code !== 0) {
          this.drop(uuid);
          this.#reserved.add(place(registry, name));
          this.#routed.add(uuid);
          return status;
        }
        names.set(name, uuid);
        const message = `Extension ${uuid} registered ${registry} plugin ${name}`;
        this.#log({ severity: 0, file: 'registry_factory.cpp', line: 116, message, verbose: true });
      }
    }
    this.#routed.add(uuid);
    return ok;
  }

  #remove(registry: ByteString, name: ByteString): void {
    this.#owners.get(registry)?.delete(name);
    if (registry === 'table') this.#tables.detach(name);
  }

  #isTaken(registry: ByteString, name: ByteString): boolean {
    return this.owner(registry, name) !== undefined || this.#reserved.has(place(registry, name));
  }

  #dropStale(): void {
    for (const uuid of this.#extensions.keys()) if (!this.#routed.has(uuid)) this.#extensions.delete(uuid);
  }

  #newUuid(): number {
    for (;;) {
      const uuid = this.#issueUuid();
      if (this.#issued.has(uuid)) continue;
      this.#issued.add(uuid);
      return uuid;
    }
  }
}

function place(registry: ByteString, name: ByteString): string {
  return `${registry}/${name}`;
}

/** Compares number by number and stops at the shorter version; a part without digits counts as 0 and passes. */
function isCompatible(version: ByteString): boolean {
  if (version === '0.0.0') return true;
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [i, minimum] of minimumSdk.entries()) {
    const part = parts[i];
    if (part === undefined || Number.isNaN(part)) return true;
    if (part !== minimum) return part > minimum;
  }
  return true;
}
