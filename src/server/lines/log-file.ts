import { type FileHandle, open } from 'node:fs/promises';
import type { Change, Database } from '../store/index.ts';

const newline = 0x0a;
const prefix = 'sink!';

/**
 * One NDJSON file: the lines of a stream, byte for byte, in the order in which they were acknowledged. The file belongs
 * to the server; read it, but don't change or rotate it while there is a database that knows its length.
 *
 * `append` writes behind the committed end, `end()` is stored by the caller together with what makes the lines
 * acknowledged. Whatever stands behind the stored end was never acknowledged, and `open` cuts it off.
 */
export class LogFile {
  readonly #handle: FileHandle;
  readonly #key: string;
  #committed: number;
  #written: number;

  private constructor(handle: FileHandle, key: string, size: number) {
    this.#handle = handle;
    this.#key = key;
    this.#committed = size;
    this.#written = size;
  }

  /**
   * @param name what the database knows the file by.
   * @param onRepair is told when the file and the database did not agree.
   */
  static async open(
    path: string,
    name: string,
    database: Database,
    onRepair: (reason: string) => void,
  ): Promise<LogFile> {
    const handle = await open(path, 'a+', 0o600);
    const { size } = await handle.stat();
    const key = `${prefix}${name}`;
    const stored = await database.get(key);
    const end = stored === undefined ? size : Number(stored);
    if (size > end) {
      await handle.truncate(end);
      onRepair(`${size - end} bytes that had not been acknowledged were cut off`);
    } else if (size < end)
      onRepair(`the file is ${end - size} bytes shorter than what had been acknowledged`);
    const file = new LogFile(handle, key, Math.min(size, end));
    // From now on a first append that was not committed is told from a file that was there before the database.
    await database.write([file.end()]);
    return file;
  }

  /** @throws {Error} of the file system; then call `rollback`. */
  async append(lines: readonly Uint8Array[]): Promise<void> {
    if (lines.length === 0) return;
    const bytes = joinLines(lines);
    await this.#handle.appendFile(bytes);
    this.#written += bytes.length;
  }

  /** To the disk itself. */
  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  /** The change that commits all that was appended. */
  end(): Change {
    return { type: 'put', key: this.#key, value: String(this.#written) };
  }

  committed(): void {
    this.#committed = this.#written;
  }

  /** Removes what was appended since the last commit. */
  async rollback(): Promise<void> {
    this.#written = this.#committed;
    await this.#handle.truncate(this.#committed);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function joinLines(lines: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    at += line.length;
    bytes[at++] = newline;
  }
  return bytes;
}
