type Log = (level: 'info' | 'warning' | 'error', text: string) => void;

/** Says what is wrong once, however often it happens, and once when it is over. */
export class Complaints {
  readonly #log: Log;
  readonly #open = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param subject what does not work, for example `config` */
  about(subject: string, reason: string): void {
    if (this.#open.get(subject) === reason) return;
    this.#open.set(subject, reason);
    this.#log('warning', `${subject}: ${reason}`);
  }

  over(subject: string): void {
    if (this.#open.delete(subject)) this.#log('info', `${subject}: works again`);
  }
}
