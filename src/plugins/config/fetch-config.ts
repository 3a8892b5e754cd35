import { type Clock, within } from '../../clock/index.ts';
import type { Complaints } from '../complaints.ts';
import type { RemoteApi } from '../remote-api.ts';
import { configProblem } from './validate-config.ts';

type Log = (level: 'info' | 'warning' | 'error', text: string) => void;

export type Fetched = { readonly kind: 'config'; readonly text: string } | NotFetched;

/** `keyless`: for want of a node key, of which the enrollment has told. */
export interface NotFetched {
  readonly kind: 'none';
  readonly reason: string;
  readonly keyless: boolean;
}

export interface FetchOptions {
  readonly api: RemoteApi;
  readonly clock: Clock;
  /** Of osqueryd, which decides what it would take. */
  readonly version: () => string;
  /** Aborted when all ends. */
  readonly signal: AbortSignal;
  /** The answer is there by then. */
  readonly limitMs: number;
  /** In place of `config_tls_endpoint`. */
  readonly path?: string;
}

/** The wait for a node key ends so much earlier, since it can say why there is none. */
const spareMs = 1_000;

/**
 * Gets a JSON object that osqueryd would take from the server, with all attempts, and once more with a new node key when
 * the old one was refused. Never rejects.
 */
export async function fetchConfig(options: FetchOptions): Promise<Fetched> {
  const { api, clock, version, limitMs, path } = options;
  const keyUntil = clock.monotonic() + limitMs - spareMs;
  const call = (signal: AbortSignal) => {
    const keyMs = Math.max(0, keyUntil - clock.monotonic());
    return api.call({ endpoint: 'config', ...(path !== undefined && { path }) }, { keyMs, signal });
  };
  const answer = async (signal: AbortSignal) => {
    const first = await call(signal);
    // The key was refused: a new one is on its way, or says why not.
    return first.outcome.kind === 'node_invalid' ? call(signal) : first;
  };
  try {
    const { outcome, keyless = false } = await within(clock, limitMs, answer, options);
    if (outcome.kind !== 'delivered') return { kind: 'none', reason: outcome.reason, keyless };
    const reason = configProblem(outcome.body, version());
    if (reason !== undefined) return { kind: 'none', reason, keyless };
    return { kind: 'config', text: Buffer.from(outcome.body).toString('utf8') };
  } catch (error) {
    return { kind: 'none', reason: error instanceof Error ? error.message : String(error), keyless: false };
  }
}

/** Tells of a text that could not be had, or could be had again: once, however often osqueryd asks for it. */
export function tellOf(
  subject: string,
  fetched: Fetched,
  hasFallback: boolean,
  { complaints, log }: { readonly complaints: Complaints; readonly log: Log },
): void {
  if (fetched.kind === 'config') {
    complaints.over(subject);
    return;
  }
  const text = `${fetched.reason}${hasFallback ? '; osqueryd gets the last good one' : ''}`;
  if (fetched.keyless) log('info', `${subject}: ${text}`);
  else complaints.about(subject, text);
}
