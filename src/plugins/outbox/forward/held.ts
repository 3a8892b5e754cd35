/**
 * A line that the server refused when it was sent alone, taken out of its stream and tried again.
 *
 * It is quarantined only when, since its first refusal, the server has taken other lines of the stream (`provenAt`),
 * and has then refused the line alone twice, at least one back-off apart. Nothing else says that the line is bad and
 * not the server. While the stream itself is in trouble held lines rest.
 */
export interface HeldLine {
  readonly id: number;
  /** When other lines of the stream passed, since the first refusal. Undefined: they have not yet. */
  readonly provenAt: number | undefined;
  /** When it was refused alone after `provenAt`. */
  readonly refusedAt: number | undefined;
  /** It is not tried before. */
  readonly notBefore: number;
}

/** @param proven whether lines have passed since this one was refused for the first time. */
export function holdLine(
  held: readonly HeldLine[],
  id: number,
  now: number,
  proven: boolean,
  backOff: number,
): HeldLine[] {
  const line: HeldLine = {
    id,
    provenAt: proven ? now : undefined,
    refusedAt: proven ? now : undefined,
    notBefore: now + backOff,
  };
  return [...held, line];
}

/** Lines of the stream passed: those that are held can be judged now. */
export function neighboursPassed(held: readonly HeldLine[], now: number): HeldLine[] {
  return held.map((line) =>
    line.provenAt === undefined ? { ...line, provenAt: now, notBefore: now } : line,
  );
}

export function releaseHeld(held: readonly HeldLine[], id: number): HeldLine[] {
  return held.filter((line) => line.id !== id);
}

/**
 * The line was refused alone. `unproven`: that says nothing yet.
 * @param calm whether the stream itself is well. While it is not, nothing is judged.
 */
export function refuseHeld(
  held: readonly HeldLine[],
  id: number,
  now: number,
  backOff: number,
  calm: boolean,
): { readonly held: readonly HeldLine[]; readonly verdict: 'unproven' | 'keep' | 'quarantine' } {
  const line = held.find((one) => one.id === id);
  if (line === undefined) return { held, verdict: 'unproven' };
  const later = (change: Partial<HeldLine>): HeldLine[] =>
    held.map((one) => (one.id === id ? { ...one, ...change, notBefore: now + backOff } : one));
  // Others get their turn before it.
  if (line.provenAt === undefined || !calm) return { held: later({}), verdict: 'unproven' };
  if (line.refusedAt !== undefined && now - line.refusedAt >= backOff) {
    return { held: releaseHeld(held, id), verdict: 'quarantine' };
  }
  return { held: later({ refusedAt: line.refusedAt ?? now }), verdict: 'keep' };
}

/**
 * The held line to send now. The second time only if something has passed since the first refusal, as long as there is
 * anything that could: else a server that has just begun to refuse everything would condemn it.
 */
export function heldDue(
  held: readonly HeldLine[],
  now: number,
  stream: { readonly calm: boolean; readonly empty: boolean; readonly passedAt: number },
): HeldLine | undefined {
  const others = !stream.empty || held.some((line) => line.provenAt === undefined);
  const due = held.filter((line) => {
    if (now < line.notBefore) return false;
    if (line.provenAt === undefined) return stream.empty;
    if (!stream.calm) return !others;
    return line.refusedAt === undefined || !others || stream.passedAt > line.refusedAt;
  });
  return due.reduce<HeldLine | undefined>(
    (first, line) => (first === undefined || line.notBefore < first.notBefore ? line : first),
    undefined,
  );
}
