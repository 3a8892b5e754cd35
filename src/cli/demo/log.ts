import type { AcceptedLines, TimedEvent } from '../../server/index.ts';
import { formatEvent } from '../server-log.ts';
import { type Colors, clean } from '../terminal.ts';
import { sample } from './sample.ts';

/** Where a line of the log comes from: who speaks to whom, or whose own words these are. */
type Paint = 'green' | 'cyan' | 'yellow' | 'red' | 'dim';

/** Lines that are shown of each delivery. */
const samples = 2;

/** The demo's live log: one line for each exchange, question and answer; indented, what was in it. */
export class DemoLog {
  readonly #colors: Colors;
  readonly #now: () => number;
  readonly #hide: (text: string) => string;
  #accepted = '';

  /** @param secrets texts that are never shown. @param now wall clock, ms. */
  constructor(colors: Colors, secrets: readonly string[], now: () => number) {
    this.#colors = colors;
    this.#now = now;
    this.#hide = (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '******'), text);
  }

  /** What the server saw. */
  event(event: TimedEvent): string {
    const { green, cyan } = { green: 'green', cyan: 'cyan' } as const;
    switch (event.kind) {
      case 'enrolled':
        return this.#exchange(event.at, green, 'enroll', event.node, 'shows the secret', 'gets a node key');
      case 'config_served':
        return this.#exchange(
          event.at,
          cyan,
          'config',
          event.node,
          'asks for its config',
          `${event.bytes} bytes`,
        );
      case 'log_received': {
        const what = `${event.lines} ${event.stream} line${event.lines === 1 ? '' : 's'}`;
        const answer = event.repeated > 0 ? `taken, but for ${event.repeated} that were there` : 'taken';
        const accepted = this.#accepted === '' ? '' : this.block(this.#accepted, true);
        this.#accepted = '';
        return this.#exchange(event.at, cyan, 'log', event.node, `delivers ${what}`, answer) + accepted;
      }
      case 'query_created':
        return this.#line(event.at, green, 'query', `for all nodes: ${clean(event.sql, 400)}`);
      case 'query_delivered':
        return this.#exchange(event.at, cyan, 'read', event.node, 'asks for work', 'the query');
      case 'result_received': {
        const rows = `${event.rows} row${event.rows === 1 ? '' : 's'}`;
        const what = event.status === 0 ? `answers with ${rows}` : `cannot answer: ${clean(event.message)}`;
        const paint = event.status === 0 ? green : 'red';
        return this.#exchange(event.at, paint, 'write', event.node, what, 'taken');
      }
      default:
        return this.#hide(`${formatEvent(event, this.#colors)}\n`);
    }
  }

  /** What is in a delivery that `event` is about to tell of. */
  lines({ lines, stream }: AcceptedLines): void {
    const shown = lines.slice(0, samples).map((line) => sample(Buffer.from(line).toString('utf8'), stream));
    const more = lines.length > samples ? [`… and ${lines.length - samples} more`] : [];
    this.#accepted = [...shown, ...more].join('\n');
  }

  /** A line that osqueryd or the extension printed. */
  output(line: string): string {
    const glog = /^([IWEF])\d{4} [\d:.]+\s+\d+ (.*)$/.exec(line);
    if (glog !== null) {
      const paint = { I: 'dim', W: 'yellow', E: 'red', F: 'red' } as const;
      const severity = glog[1] as keyof typeof paint;
      return this.#line(this.#now(), paint[severity], 'osqueryd', clean(glog[2] ?? '', 300));
    }
    const ours = /^osquery-remote(?:\.ext)?: (.*)$/.exec(line)?.[1];
    if (ours !== undefined) {
      const paint = ours.startsWith('error') ? 'red' : ours.startsWith('warning') ? 'yellow' : 'dim';
      return this.#line(this.#now(), paint, 'extension', clean(ours, 300));
    }
    return this.#line(this.#now(), 'dim', 'osqueryd', clean(line, 300));
  }

  /** What the demo itself does. */
  note(paint: Paint, text: string): string {
    return this.#line(this.#now(), paint, 'demo', text);
  }

  /** Indented text. */
  block(text: string, quiet = false): string {
    const indent = ' '.repeat(28);
    const lines = this.#hide(text.trimEnd()).split('\n');
    return lines.map((line) => `${indent}${quiet ? this.#colors.dim(line) : line}\n`).join('');
  }

  #exchange(at: number, paint: Paint, what: string, node: string, asked: string, answer: string): string {
    const arrow = this.#colors.dim('→');
    return this.#line(at, paint, what, `${clean(node, 80)} ${asked} ${arrow} ${answer}`);
  }

  #line(at: number, paint: Paint, what: string, text: string): string {
    const time = new Date(at).toISOString().slice(11, 23);
    const painted = this.#colors[paint](what.padEnd(12));
    return this.#hide(`${this.#colors.dim(time)}  ${painted}  ${text}\n`);
  }
}
