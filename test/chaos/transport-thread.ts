import { copyFileSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const moduleFile = fileURLToPath(new URL('support/mortal-transport.mjs', import.meta.url));
/** A thread that is being started again, with its back-off. */
const takenMs = 60_000;

/** Ends the transport thread of the extension, from within it, through a module of the user's. */
export class TransportThread {
  /** For the extension. */
  readonly env: NodeJS.ProcessEnv;
  readonly #commandFile: string;

  /** @param directory that others cannot write: the extension insists on it. */
  constructor(directory: string) {
    const module = join(directory, 'transport.mjs');
    copyFileSync(moduleFile, module);
    this.#commandFile = join(directory, 'command');
    this.env = { OSQUERY_REMOTE_TRANSPORT: module, CHAOS_COMMAND_FILE: this.#commandFile };
  }

  /** Resolves when a thread has taken the command. @returns false if none did. */
  async suffer(fault: 'exit'): Promise<boolean> {
    writeFileSync(`${this.#commandFile}-new`, fault);
    renameSync(`${this.#commandFile}-new`, this.#commandFile);
    const from = performance.now();
    while (existsSync(this.#commandFile)) {
      if (performance.now() - from > takenMs) return false;
      await sleep(10);
    }
    return true;
  }
}
