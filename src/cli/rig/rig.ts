import { randomBytes } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type AcceptedLines,
  CertificateAuthority,
  type CertificatePair,
  createServer,
  type ReferenceServer,
  type TimedEvent,
} from '../../server/index.ts';
import { flagsFor, socketIn } from './flags.ts';
import type { OsquerydProgram } from './locate.ts';
import { OsquerydProcess } from './osqueryd-process.ts';
import { extensionPath } from './paths.ts';
import { makeWorkDirectory, removeWorkDirectory } from './work-directory.ts';

export interface RigOptions {
  readonly program: OsquerydProgram;
  /** Config for the node. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Gets each line that osqueryd or the extension prints. */
  readonly onOutput?: (line: string) => void;
  /** Gets what happens at the server, also at those that are started later. */
  readonly onEvent?: (event: TimedEvent) => void;
  /** Gets the lines that the server accepts. */
  readonly onLines?: (accepted: AcceptedLines) => void;
}

/** The extension that osqueryd is to load is not there. The message is one line. */
export class ExtensionMissing extends Error {
  override readonly name = 'ExtensionMissing';
}

/**
 * Reference server, osqueryd and extension, connected with each other and with nothing else on this machine. Each can
 * be ended and started again; what they store stays until `close`.
 */
export class Rig {
  readonly directory: string;
  /** Shown to nobody. */
  readonly secret = randomBytes(24).toString('base64url');
  readonly #options: RigOptions;
  readonly #tls: CertificatePair & { readonly ca: string };
  readonly #started: OsquerydProcess[] = [];
  #server: ReferenceServer | undefined;
  #port = 0;

  /** @throws {ExtensionMissing} */
  static async open(options: RigOptions): Promise<Rig> {
    if (statSync(extensionPath, { throwIfNoEntry: false }) === undefined) {
      throw new ExtensionMissing(
        `${extensionPath} is missing; run "npm run build" in the package's directory`,
      );
    }
    const authority = await CertificateAuthority.create();
    const tls = { ...(await authority.server()), ca: authority.certificate };
    const rig = new Rig(options, tls);
    try {
      writeFileSync(rig.#secretFile, `${rig.secret}\n`, { mode: 0o600 });
      await rig.startServer();
    } catch (error) {
      await rig.close();
      throw error;
    }
    return rig;
  }

  private constructor(options: RigOptions, tls: CertificatePair & { readonly ca: string }) {
    this.#options = options;
    this.#tls = tls;
    this.directory = makeWorkDirectory();
  }

  get #secretFile(): string {
    return join(this.directory, 'secret');
  }

  /** osqueryd's extensions socket. */
  get socket(): string {
    return socketIn(this.directory);
  }

  /** The server that runs now. */
  get server(): ReferenceServer {
    if (this.#server === undefined) throw new Error('the server does not run');
    return this.#server;
  }

  /** The osqueryd that was started last. */
  get osqueryd(): OsquerydProcess {
    const last = this.#started.at(-1);
    if (last === undefined) throw new Error('osqueryd was not started');
    return last;
  }

  /** Every osqueryd that was started. */
  get all(): readonly OsquerydProcess[] {
    return this.#started;
  }

  /** Starts the server, with the data and at the port of the one before. */
  async startServer(): Promise<void> {
    const { config, onLines, onEvent = () => {} } = this.#options;
    const server = await createServer({
      secrets: [this.secret],
      dataDirectory: join(this.directory, 'server'),
      port: this.#port,
      tls: this.#tls,
      config: { value: config },
      // A query whose delivery was lost with a restart comes again soon.
      queryLeaseMs: 5_000,
      ...(onLines && { onLines }),
    });
    this.#server = server;
    server.events.subscribe(onEvent);
    await server.listen();
    this.#port = server.address.port;
  }

  async stopServer(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  /** Starts osqueryd, with the database of the one before. @param overrides flags that differ, by name. */
  async startOsqueryd(overrides: Readonly<Record<string, string>> = {}): Promise<OsquerydProcess> {
    const flagFile = join(this.directory, 'osquery.flags');
    const flags = flagsFor({
      directory: this.directory,
      extension: extensionPath,
      hostname: `localhost:${this.#port}`,
      caFile: join(this.directory, 'server', 'ca.pem'),
      secretFile: this.#secretFile,
      allowUnsafe: !isTrusted(extensionPath),
      overrides,
    });
    writeFileSync(flagFile, `${flags.join('\n')}\n`);
    const { program, onOutput = () => {} } = this.#options;
    const started = await OsquerydProcess.start(
      program,
      [`--flagfile=${flagFile}`],
      this.directory,
      onOutput,
    );
    this.#started.push(started);
    return started;
  }

  /** Ends everything and removes its files. Can be called twice. */
  async close(): Promise<void> {
    for (const osqueryd of this.#started.splice(0)) await osqueryd.stop();
    await this.stopServer();
    removeWorkDirectory(this.directory);
  }
}

/** Whether osqueryd takes the file without `--allow_unsafe`: the owner is root or us, the directory is not like /tmp. */
function isTrusted(path: string): boolean {
  const { uid, mode } = statSync(path);
  const isSticky = (statSync(dirname(path)).mode & 0o1000) !== 0;
  return (uid === 0 || uid === process.getuid?.()) && (mode & 0o002) === 0 && !isSticky;
}
