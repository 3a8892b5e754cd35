import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { fileURLToPath } from 'node:url';
import type { ServerFault, ServerTold } from './server-process.ts';

const script = fileURLToPath(new URL('server-process.ts', import.meta.url));

/** Bounds what goes wrong with requests by chance, and tells of it. */
export interface ServerFaults {
  /** So many, over all lives of the server. */
  readonly most: number;
  /** Each one that has happened. */
  readonly onFault: (what: string) => void;
}

/** How often the first life of the server refuses a node key. */
const nodeRefusals = 2;

/** The reference server as the driver sees it: a process that is killed and started again on the same port. */
export class ServerControl {
  readonly #dataDirectory: string;
  #seed: number;
  #child: ChildProcess | undefined;
  #told: ServerTold | undefined;
  #calm = false;
  readonly #faults: ServerFaults | undefined;
  #inflicted = 0;

  constructor(dataDirectory: string, seed: number, faults?: ServerFaults) {
    this.#faults = faults;
    this.#dataDirectory = dataDirectory;
    this.#seed = seed;
  }

  /** What it said when it started last. */
  get told(): ServerTold {
    if (this.#told === undefined) throw new Error('the server was not started');
    return this.#told;
  }

  async start(): Promise<void> {
    const port = String(this.#told?.port ?? 0);
    const refusals = this.#told === undefined ? nodeRefusals : 0;
    const mood = this.#calm ? 'calm' : 'storm';
    const args = [
      this.#dataDirectory,
      port,
      String(this.#seed++),
      String(refusals),
      mood,
      this.#faultsLeft(),
    ];
    const child = fork(script, args, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#told = await new Promise<ServerTold>((resolve, reject) => {
      child.on('message', (message: ServerTold | ServerFault) => {
        if ('fault' in message) this.#onFault(message);
        else resolve(message);
      });
      child.once('exit', (code) => reject(new Error(`the reference server ended with ${code}`)));
    });
  }

  #faultsLeft(): string {
    return String(Math.max(0, (this.#faults?.most ?? Infinity) - this.#inflicted));
  }

  #onFault({ fault }: ServerFault): void {
    this.#inflicted++;
    this.#faults?.onFault(fault);
  }

  /** From now on nothing goes wrong by chance, also after a restart. */
  calm(): void {
    this.#calm = true;
    this.#child?.send('calm');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /**
   * Calls the operator API.
   * @param mostMs after which a stream of results counts as complete.
   * @returns the body.
   * @throws {Error} when the server is away or refuses.
   */
  operate(method: string, path: string, body?: unknown, mostMs = 10_000): Promise<string> {
    const { url, caFile, tokenFile } = this.told;
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        `${url}${path}`,
        {
          method,
          agent: false,
          ca: readFileSync(caFile),
          headers: { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` },
        },
        (response) => {
          let text = '';
          response.setEncoding('latin1');
          response.on('data', (piece: string) => {
            text += piece;
          });
          setTimeout(() => response.destroy(), mostMs).unref();
          response.on('error', () => {});
          response.on('close', () => {
            if ((response.statusCode ?? 500) < 300) resolve(text);
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
