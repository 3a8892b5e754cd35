import type { ForwardSettings } from './settings.ts';

/** How large the next batch may be. */
export interface BatchSize {
  readonly lines: number;
  /** Of the body, uncompressed. */
  readonly bytes: number;
  /** Largest body that the server takes, as it has shown by a 413 and a smaller batch that passed. */
  readonly limitBytes: number | undefined;
  /** From then on a larger body is tried again. Monotonic milliseconds. */
  readonly limitUntil: number;
}

/** How long a limit is believed in. Then it is doubled once; a server that still minds says so with one 413. */
const limitMs = 3_600_000;
const fewestLines = 32;
const fewestBytes = 32 * 1024;

export function startSize(settings: ForwardSettings, limitBytes: number | undefined, now: number): BatchSize {
  return {
    lines: settings.startLines,
    bytes: settings.startBytes,
    limitBytes,
    limitUntil: now + limitMs,
  };
}

/** A batch was taken after `tookMs`. `full`: more was waiting than it could hold. */
export function afterDelivery(
  size: BatchSize,
  batch: { readonly tookMs: number; readonly full: boolean },
  now: number,
  settings: ForwardSettings,
): BatchSize {
  const relaxed = relax(size, now, settings);
  if (batch.tookMs > settings.slowMs) return shrink(relaxed, settings);
  if (!batch.full || batch.tookMs > settings.quickMs) return relaxed;
  return {
    ...relaxed,
    lines: Math.max(relaxed.lines, Math.min(settings.maxLines, relaxed.lines * 2)),
    bytes: Math.max(relaxed.bytes, Math.min(settings.maxBytes, relaxed.bytes * 2)),
  };
}

/** No answer came, or none in time. A server that comes back is not met with the largest batch. */
export function afterFailure(size: BatchSize, tookMs: number, settings: ForwardSettings): BatchSize {
  const lines = Math.min(size.lines, settings.startLines);
  const bytes = Math.min(size.bytes, settings.startBytes);
  const calm = { ...size, lines, bytes };
  return tookMs > settings.slowMs ? shrink(calm, settings) : calm;
}

/** A body of `refused` bytes was too large, one of `taken` bytes was not. */
export function learnLimit(size: BatchSize, taken: number, refused: number, now: number): BatchSize {
  const limitBytes = Math.max(taken, Math.floor(refused / 2));
  return { ...size, limitBytes, limitUntil: now + limitMs };
}

function relax(size: BatchSize, now: number, settings: ForwardSettings): BatchSize {
  if (size.limitBytes === undefined || now < size.limitUntil) return size;
  const doubled = size.limitBytes * 2;
  return {
    ...size,
    limitBytes: doubled >= settings.maxBytes ? undefined : doubled,
    limitUntil: now + limitMs,
  };
}

function shrink(size: BatchSize, settings: ForwardSettings): BatchSize {
  return {
    ...size,
    lines: Math.max(Math.min(fewestLines, settings.startLines), Math.floor(size.lines / 2)),
    bytes: Math.max(Math.min(fewestBytes, settings.startBytes), Math.floor(size.bytes / 2)),
  };
}
