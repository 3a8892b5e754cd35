import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModuleFault } from './transport-plan.ts';

const moduleFile = fileURLToPath(new URL('support/wicked-transport.mjs', import.meta.url));

/** The faults of the user's code, which it takes one after the other by itself. */
export class ModuleDeck {
  /** For the extension. */
  readonly env: NodeJS.ProcessEnv;
  readonly #doneFile: string;

  /** @param directory that others cannot write: the extension insists on it. */
  constructor(directory: string, deck: readonly ModuleFault[]) {
    const module = join(directory, 'transport.mjs');
    const deckFile = join(directory, 'deck.json');
    this.#doneFile = join(directory, 'deeds');
    copyFileSync(moduleFile, module);
    writeFileSync(deckFile, JSON.stringify(deck));
    this.env = {
      OSQUERY_REMOTE_TRANSPORT: module,
      CHAOS_DECK_FILE: deckFile,
      CHAOS_DONE_FILE: this.#doneFile,
    };
  }

  /** What was done so far, each once: a thread that is being ended and its successor may take the same one. */
  done(): Map<number, string> {
    const done = new Map<number, string>();
    if (!existsSync(this.#doneFile)) return done;
    for (const line of readFileSync(this.#doneFile, 'utf8').split('\n')) {
      const [number, kind] = line.split(' ');
      if (kind !== undefined) done.set(Number(number), kind);
    }
    return done;
  }
}
