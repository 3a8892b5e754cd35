import { readFileSync } from 'node:fs';
import { RemoteError } from './error.ts';
import type { TransportSettings } from './settings.ts';

/**
 * The enroll secret, read at every use, so that a new one counts at once. From `enroll_secret_path` (trimmed, wins),
 * else from the variable that `enroll_secret_env` names (as it is), else empty.
 * @throws {RemoteError} `settings`, where osquery would go on with an empty secret.
 */
export function readSecret(
  settings: Pick<TransportSettings, 'secretPath' | 'secretEnv'>,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { secretPath, secretEnv } = settings;
  if (secretPath !== '') {
    try {
      return readFileSync(secretPath, 'utf8').trim();
    } catch (error) {
      throw unreadable('enroll_secret_path', secretPath, error);
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
