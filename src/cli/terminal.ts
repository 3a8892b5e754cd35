import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command writes to: `process.stdout` and its like. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Colours on a terminal, unless `NO_COLOR` is set; else none. */
export function colorsFor(output: Output, env: NodeJS.ProcessEnv = process.env): Colors {
  return pc.createColors(output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb');
}

/**
 * Makes text that came over the network fit for one line of a terminal: control characters (which move the cursor or hide
 * text) and marks that turn the writing direction become a visible replacement, long text is cut.
 */
export function clean(text: string, maxLength = 200): string {
  const shown = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
  return shown.length > maxLength ? `${shown.slice(0, maxLength)}…` : shown;
}
