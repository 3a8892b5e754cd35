import { readFileSync } from 'node:fs';
import { builtInFlags, type FlagRow, type FlagType, flagAliases, flagTable } from './flag-table.ts';

/** The command line is not one that osqueryd accepts. gflags prints the message and exits 1. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** What `options()` tells about a flag. */
export interface FlagInfo {
  readonly type: string;
  readonly value: string;
  readonly defaultValue: string;
}

/** What became of an attempt to set a flag by the `options` of a config. */
export type SetOutcome = 'set' | 'unknown' | 'cli_only' | 'invalid';

/** osqueryd's flags: the complete table, with current values, as a command line and configs have set them. */
export class Flags {
  readonly #rows = new Map<string, FlagRow>();
  readonly #listed: readonly string[];
  readonly #values = new Map<string, string>();
  readonly #custom = new Map<string, string>();

  /**
   * @param argv arguments in the forms of gflags: `--a=b`, `-a=b`, `--a b`, `--a` and `--noa` for booleans, `--flagfile`.
   * @param assertions whether the build has assertions, and with them the flag `tls_allow_unsafe`.
   * @throws {FlagError} with gflags' words.
   */
  constructor(argv: readonly string[] = [], assertions = true) {
    const table = flagTable.filter(([name]) => assertions || name !== 'tls_allow_unsafe');
    for (const row of [...table, ...builtInFlags]) this.#rows.set(row[0], row);
    this.#listed = table.map(([name]) => name);
    // What osqueryd itself sets before it reads the command line.
    this.#values.set('ignore_registry_exceptions', 'true');
    this.#values.set('ignore_table_exceptions', 'true');
    this.#values.set('logtostderr', 'true');
    this.#values.set('stderrthreshold', '0');
    this.#parse(argv, 0);
    if (this.bool('verbose')) this.#values.set('stderrthreshold', '3');
  }

  /** The current value, also of an alias or a `custom_*` option; `undefined` when there is no such flag. */
  value(name: string): string | undefined {
    const own = flagAliases.get(name) ?? name;
    return this.#values.get(own) ?? this.#rows.get(own)?.[3] ?? this.#custom.get(own);
  }

  /** The current value; empty when there is no such flag. */
  text(name: string): string {
    return this.value(name) ?? '';
  }

  bool(name: string): boolean {
    return this.text(name) === 'true';
  }

  /** The leading integer of the value, as C's `strtol` reads it; 0 without one. */
  number(name: string): number {
    const parsed = Number.parseInt(this.text(name), 10);
    return Number.isNaN(parsed) ? 0 : parsed;
  }

  /** Everything that the Thrift call `options()` lists, in byte order of the names. */
  options(): Map<string, FlagInfo> {
    const all = new Map<string, FlagInfo>();
    for (const name of this.#listed) {
      const row = this.#rows.get(name);
      if (row !== undefined) {
        all.set(name, { type: row[1], value: this.text(name), defaultValue: row[3] });
      }
    }
    for (const [name, value] of this.#custom) all.set(name, { type: 'string', value, defaultValue: '' });
    return new Map([...all].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  /** Sets a flag as the `options` of a config do. The value stays until the process ends. */
  setByConfig(name: string, value: string): SetOutcome {
    if (name.startsWith('custom_')) {
      this.#custom.set(name, value);
      return 'set';
    }
    const row = this.#rows.get(flagAliases.get(name) ?? name);
    if (row === undefined) return 'unknown';
    if (row[2] === 'cli') return 'cli_only';
    const text = normalize(row[1], value);
    if (text === undefined) return 'invalid';
    this.#values.set(row[0], text);
    return 'set';
  }

  #parse(argv: readonly string[], depth: number): void {
    for (let i = 0; i < argv.length; i++) {
      const argument = argv[i] ?? '';
      if (argument === '--') return;
      const match = /^--?([^=]+)(?:=(.*))?$/s.exec(argument);
      if (match === null) continue;
      const given = match[1] ?? '';
      let value = match[2];
      let row = this.#rows.get(flagAliases.get(given) ?? given);
      if (row === undefined && given.startsWith('no')) {
        row = this.#rows.get(flagAliases.get(given.slice(2)) ?? given.slice(2));
        if (row !== undefined && row[1] !== 'bool') {
          throw new FlagError(`ERROR: boolean value (no${row[0]}) specified for ${row[1]} command line flag`);
        }
        value = 'false';
      }
      if (row === undefined) throw new FlagError(`ERROR: unknown command line flag '${given}'`);
      if (value === undefined) {
        if (row[1] === 'bool') value = 'true';
        else if (i + 1 < argv.length) value = argv[++i] ?? '';
        else throw new FlagError(`ERROR: flag '${argument}' is missing its argument`);
      }
      const text = normalize(row[1], value);
      if (text === undefined) {
        throw new FlagError(`ERROR: illegal value '${value}' specified for ${row[1]} flag '${row[0]}'`);
      }
      this.#values.set(row[0], text);
      if (row[0] === 'flagfile') this.#readFlagfiles(text, depth);
    }
  }

  #readFlagfiles(paths: string, depth: number): void {
    if (depth > 8) throw new FlagError('ERROR: flagfiles include one another');
    for (const path of paths.split(',').filter((one) => one !== '')) {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch {
        throw new FlagError(`${path}: No such file or directory`);
      }
      const lines = text.split('\n').map((line) => line.trim());
      this.#parse(
        lines.filter((line) => line.startsWith('-')),
        depth + 1,
      );
    }
  }
}

/** The text that gflags keeps for a value, or `undefined` when the type does not take it. */
function normalize(type: FlagType, value: string): string | undefined {
  switch (type) {
    case 'string':
      return value;
    case 'bool': {
      const lower = value.toLowerCase();
      if (['1', 't', 'true', 'y', 'yes'].includes(lower)) return 'true';
      return ['0', 'f', 'false', 'n', 'no'].includes(lower) ? 'false' : undefined;
    }
    case 'double':
      return value.trim() !== '' && Number.isFinite(Number(value)) ? String(Number(value)) : undefined;
    default: {
      if (!/^[+-]?(0x[0-9a-f]+|\d+)$/i.test(value.trim())) return undefined;
      const digits = value.trim().replace(/^\+/, '');
      const number = digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits);
      const bits = type.endsWith('64') ? 64n : 32n;
      const [low, high] = type.startsWith('u')
        ? [0n, 2n ** bits - 1n]
        : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
      return number >= low && number <= high ? String(number) : undefined;
    }
  }
}
