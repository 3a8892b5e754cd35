/**
 * Takes away what would end or change the whole process from one thread: `kill`, `abort` and `chdir`, before user code
 * loads. Node refuses the last two in a worker by itself, and `exit` ends the worker alone.
 */
export function disarm(target: object = process): void {
  for (const name of ['kill', '_kill', 'abort', 'chdir']) {
    Object.defineProperty(target, name, {
      value: () => {
        throw new Error(`process.${name} is not available in the transport thread`);
      },
      writable: false,
      configurable: false,
    });
  }
}
