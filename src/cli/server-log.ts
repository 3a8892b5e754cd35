import type { TimedEvent } from '../server/index.ts';
import { type Colors, clean } from './terminal.ts';

/** How a line of the log is meant. */
type Tone = 'good' | 'plain' | 'quiet' | 'warning' | 'bad';

/**
 * One line of the server's live log, without a line break: time, what, who. Events hold no secrets; what comes from
 * clients is cleaned.
 */
export function formatEvent(event: TimedEvent, colors: Colors): string {
  const { tone, what, about } = describe(event);
  const time = new Date(event.at).toISOString().slice(11, 23);
  const paint = {
    good: colors.green,
    plain: colors.cyan,
    quiet: colors.dim,
    warning: colors.yellow,
    bad: colors.red,
  };
  return `${colors.dim(time)}  ${paint[tone](what.padEnd(12))}  ${about}`;
}

function describe(event: TimedEvent): { tone: Tone; what: string; about: string } {
  switch (event.kind) {
    case 'listening':
      return line('good', 'listening', event.url);
    case 'enrolled':
      return line(
        'good',
        'enroll',
        `${node(event)}: ${event.again ? 'enrolled again, new node key' : 'enrolled'}`,
      );
    case 'enroll_refused':
      return line('bad', 'enroll', `${node(event)}: refused, ${event.reason}`);
    case 'node_refused':
      return line('warning', event.endpoint, `refused with node_invalid, ${event.reason}`);
    case 'config_loaded':
      return line('quiet', 'config', `read, ${event.bytes} bytes`);
    case 'config_invalid':
      return line('bad', 'config', `still the last good one, ${clean(event.reason)}`);
    case 'config_served':
      return line('plain', 'config', `${node(event)}: ${event.bytes} bytes`);
    case 'log_received': {
      const lines = count(event.lines, `${event.stream} line`);
      const repeated = event.repeated > 0 ? `, ${event.repeated} of them repeated and dropped` : '';
      return line('plain', 'log', `${node(event)}: ${lines}, ${event.bytes} bytes${repeated}`);
    }
    case 'log_repaired':
      return line('warning', 'log', `${event.file}: ${event.reason}`);
    case 'query_created':
      return line('good', 'query', `${event.query} for ${count(event.nodes, 'node')}: ${clean(event.sql)}`);
    case 'query_delivered':
      return line('plain', 'query', `${event.query} to ${node(event)}${event.again ? ', again' : ''}`);
    case 'result_received': {
      const rows =
        event.status === 0 ? count(event.rows, 'row') : `status ${event.status}, ${clean(event.message)}`;
      const repeated = event.repeated ? ' (repeated and dropped)' : '';
      const tone = event.status === 0 ? 'good' : 'bad';
      return line(tone, 'result', `${clean(event.query)} from ${node(event)}: ${rows}${repeated}`);
    }
    case 'result_ignored':
      return line(
        'warning',
        'result',
        `${clean(event.query)} from ${node(event)}: not a query of ours, ignored`,
      );
    case 'bad_request': {
      const status = event.status === 0 ? '' : `${event.status}, `;
      return line('warning', event.place, `${status}${clean(event.reason)}`);
    }
    case 'server_error':
      return line('bad', event.place, `failed, ${clean(event.reason)}`);
    case 'fault_injected':
      return line('quiet', event.endpoint, `fault on demand: ${event.fault}`);
  }
}

function line(tone: Tone, what: string, about: string): { tone: Tone; what: string; about: string } {
  return { tone, what, about };
}

function node(event: { readonly node: string }): string {
  return clean(event.node, 80);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
