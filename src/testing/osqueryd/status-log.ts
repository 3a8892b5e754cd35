import type { Clock } from '../../clock/index.ts';
import { fromBytes, type StatusEvent, type StatusLine } from './engine/index.ts';

/** Collects osqueryd's lines about itself until they are relayed to the loggers, and prints them at once. */
export class StatusLog {
  #pending: StatusLine[] = [];
  #collecting = true;
  readonly #clock: Clock;
  readonly #print: (text: string) => void;
  readonly #minimum: () => number;
  readonly #verbose: () => boolean;

  constructor(options: {
    readonly clock: Clock;
    /** Gets each line as glog writes it, with its newline. */
    readonly print: (text: string) => void;
    /** Lowest severity that is recorded at all. */
    readonly minimum: () => number;
    readonly verbose: () => boolean;
  }) {
    this.#clock = options.clock;
    this.#print = options.print;
    this.#minimum = options.minimum;
    this.#verbose = options.verbose;
  }

  /** Takes what core has to say; verbose lines only with `--verbose`, as information. */
  readonly sink = (event: StatusEvent): void => {
    if (event.verbose && !this.#verbose()) return;
    const { severity, file, line, message } = event;
    const now = this.#clock.now();
    this.#print(glogLine(event, now));
    if (!this.#collecting || (severity < this.#minimum() && !this.#verbose())) return;
    this.#pending.push({ severity, file, line, message, unixTime: Math.floor(now / 1000) });
  };

  /** Takes all lines that wait to be relayed. */
  take(): StatusLine[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  /** From now on lines are only printed: the `filesystem` logger has taken them away. Those that wait are relayed. */
  stopCollecting(): void {
    this.#collecting = false;
  }
}

function glogLine({ severity, file, line, message }: StatusEvent, now: number): string {
  const at = new Date(now);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${two(at.getUTCMonth() + 1)}${two(at.getUTCDate())}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  const micro = `${String(at.getUTCMilliseconds()).padStart(3, '0')}000`;
  const pid = String(process.pid).padStart(5, ' ');
  return `${'IWEF'[severity]}${date} ${time}.${micro} ${pid} ${file}:${line}] ${fromBytes(message)}\n`;
}
