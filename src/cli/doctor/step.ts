import type { Host } from './host.ts';

/** `skipped`: nothing was looked at, and the text says why. */
export type Level = 'ok' | 'warning' | 'failure' | 'skipped';

/** One line of the report. Neither text nor advice ever holds a secret or a key. */
export interface Finding {
  readonly level: Level;
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** One thing to look at. */
export interface Step {
  readonly name: string;
  /** Steps without which this one makes no sense: it is skipped when one of them failed or was skipped. */
  readonly needs: readonly string[];
  check(host: Host): readonly Finding[] | Promise<readonly Finding[]>;
}

export function ok(text: string): Finding {
  return { level: 'ok', text };
}

export function warning(text: string, advice?: string): Finding {
  return { level: 'warning', text, ...(advice !== undefined && { advice }) };
}

export function failure(text: string, advice?: string): Finding {
  return { level: 'failure', text, ...(advice !== undefined && { advice }) };
}

export function skipped(text: string): Finding {
  return { level: 'skipped', text };
}

/** The findings, or that all is well when there are none. */
export function orOk(findings: readonly Finding[], text: string): readonly Finding[] {
  return findings.length > 0 ? findings : [ok(text)];
}
