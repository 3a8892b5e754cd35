import { describe, expect, test } from 'vitest';
import { heldDue, holdLine, neighboursPassed, refuseHeld } from './held.ts';

const backOff = 4000;
const well = { calm: true, empty: false, passedAt: Number.NEGATIVE_INFINITY };

describe('a line that was refused alone after others had passed', () => {
  const held = holdLine([], 1, 0, true, backOff);

  test('is tried again after a back-off, when others have passed meanwhile', () => {
    expect(heldDue(held, 3999, { ...well, passedAt: 100 })).toBeUndefined();
    expect(heldDue(held, 4000, { ...well, passedAt: 100 })?.id).toBe(1);
  });

  test('waits while others wait to be tried before it', () => {
    expect(heldDue(held, 9000, well)).toBeUndefined();
    expect(heldDue(held, 9000, { ...well, empty: true })?.id).toBe(1);
  });

  test('rests while the stream itself is refused', () => {
    expect(heldDue(held, 9000, { calm: false, empty: false, passedAt: 100 })).toBeUndefined();
  });

  test('is quarantined by the second refusal, not while the stream is in trouble', () => {
    expect(refuseHeld(held, 1, 4000, backOff, false).verdict).toBe('unproven');
    expect(refuseHeld(held, 1, 4000, backOff, true)).toEqual({ held: [], verdict: 'quarantine' });
  });

  test('is not quarantined by a second refusal that comes too soon', () => {
    const { held: later, verdict } = refuseHeld(held, 1, 3000, backOff, true);
    expect(verdict).toBe('keep');
    expect(later).toEqual([{ id: 1, provenAt: 0, refusedAt: 0, notBefore: 7000 }]);
  });
});

describe('a line that was refused before anything had passed', () => {
  const held = holdLine([], 1, 0, false, backOff);

  test('is tried only when the stream has nothing else, and its refusal says nothing', () => {
    expect(heldDue(held, 9000, { ...well, passedAt: 100 })).toBeUndefined();
    expect(heldDue(held, 9000, { ...well, empty: true })?.id).toBe(1);
    expect(refuseHeld(held, 1, 9000, backOff, true).verdict).toBe('unproven');
  });

  test('needs two refusals from the moment on when others pass', () => {
    const proven = neighboursPassed(held, 10_000);
    expect(heldDue(proven, 10_000, well)?.id).toBe(1);
    const once = refuseHeld(proven, 1, 10_000, backOff, true);
    expect(once.verdict).toBe('keep');
    expect(refuseHeld(once.held, 1, 14_000, backOff, true).verdict).toBe('quarantine');
  });

  test('lets others have their turn', () => {
    const two = holdLine(held, 2, 0, false, backOff);
    const { held: later } = refuseHeld(two, 1, 4000, backOff, true);
    expect(heldDue(later, 20_000, { ...well, empty: true })?.id).toBe(2);
  });
});
