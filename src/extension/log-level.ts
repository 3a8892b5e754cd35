/** How much a line of the extension's own log matters. `info` is for `--verbose` alone. */
export type LogLevel = 'info' | 'warning' | 'error';
