import { readFileSync } from 'node:fs';
import { RemoteError } from './error.ts';
import type { TransportSettings } from './settings.ts';

type SecretSettings = Pick<TransportSettings, 'secretPath' | 'secretEnv'>;

/**
 * The enroll secret, read at every use, so that a new one counts at once. From `enroll_secret_path` (trimmed, wins),
 * else from the variable that `enroll_secret_env` names (as it is), else empty.
 * @throws {RemoteError} `settings`, where osquery would go on with an empty secret.
 */
export function readSecret(settings: SecretSettings, env: NodeJS.ProcessEnv = process.env): string {
  const { secretPath, secretEnv } = settings;
  if (secretPath !== '') {
    try {
      return readFileSync(secretPath, 'utf8').trim();
    } catch (error) {
      // Who gives the secret itself in place of a path must not find it in a log.
      if (/[/\\]/.test(secretPath)) throw unreadable('enroll_secret_path', secretPath, error);
      throw new RemoteError(
        'settings',
        '--enroll_secret_path names no file: write the secret to one, and give its path',
      );
    }
  }
  if (secretEnv === '') return '';
  const value = env[secretEnv];
  if (value === undefined) {
    throw new RemoteError(
      'settings',
      `--enroll_secret_env names ${secretEnv}, which is not in the environment`,
    );
  }
  return value;
}

/** Where the enroll secret comes from: the hook of the user, else osquery's flags. Remembers what it has read. */
export class SecretSource {
  readonly #hook: (() => string | Promise<string>) | undefined;
  #last = '';

  constructor(hook?: () => string | Promise<string>) {
    this.#hook = hook;
  }

  /** @throws {RemoteError} `settings` */
  async read(settings: SecretSettings): Promise<string> {
    const secret = this.#hook === undefined ? readSecret(settings) : await this.#ask(this.#hook);
    this.#last = secret;
    return secret;
  }

  /** What is known without asking anybody, for taking it out of texts. */
  known(settings: SecretSettings): string[] {
    try {
      return [this.#last, this.#hook === undefined ? readSecret(settings) : ''];
    } catch {
      // Then nobody else could read it.
      return [this.#last];
    }
  }

  async #ask(hook: () => string | Promise<string>): Promise<string> {
    let secret: unknown;
    try {
      secret = await hook();
    } catch (cause) {
      const why = RemoteError.from(cause).message.replace(/^internal: /, '');
      throw new RemoteError('settings', `secret() of the transport module failed: ${why}`, { cause });
    }
    if (typeof secret === 'string') return secret;
    throw new RemoteError('settings', `secret() of the transport module gave ${typeof secret}, not a string`);
  }
}

/** The error for a file of a flag that cannot be read. */
export function unreadable(flag: string, path: string, cause: unknown): RemoteError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EACCES'
        ? 'permission denied'
        : code === 'EISDIR'
          ? 'it is a directory'
          : cause instanceof Error
            ? cause.message
            : String(cause);
  return new RemoteError('settings', `cannot read --${flag}=${path}: ${why}`, { cause });
}
