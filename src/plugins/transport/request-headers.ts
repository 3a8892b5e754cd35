import type { HeaderList } from './headers.ts';

/**
 * The headers of one attempt, for changing. Names are found whatever their case, and go out in the case and in the order
 * in which they were set: servers that want osquery's order get it.
 */
export class RequestHeaders implements Iterable<readonly [name: string, value: string]> {
  readonly #list: [name: string, value: string][];

  constructor(list: Iterable<readonly [name: string, value: string]> = []) {
    this.#list = [...list].map(([name, value]) => [name, value]);
  }

  /** The value, or those of several headers of that name with `, ` between them. */
  get(name: string): string | undefined {
    const values = this.#list.filter(([other]) => same(other, name)).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(', ');
  }

  has(name: string): boolean {
    return this.#list.some(([other]) => same(other, name));
  }

  /** Takes the place of all headers of that name; a new one goes to the end. */
  set(name: string, value: string): void {
    const at = this.#list.findIndex(([other]) => same(other, name));
    if (at === -1) {
      this.#list.push([name, value]);
      return;
    }
    this.#list[at] = [name, value];
    for (let i = this.#list.length - 1; i > at; i--) {
      if (same(this.#list[i]?.[0] ?? '', name)) this.#list.splice(i, 1);
    }
  }

  /** Adds one more of that name at the end. */
  append(name: string, value: string): void {
    this.#list.push([name, value]);
  }

  delete(name: string): void {
    for (let i = this.#list.length - 1; i >= 0; i--) {
      if (same(this.#list[i]?.[0] ?? '', name)) this.#list.splice(i, 1);
    }
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#list.values();
  }

  toList(): HeaderList {
    return this.#list.map(([name, value]) => [name, value]);
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
