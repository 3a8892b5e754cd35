import { describe, expect, it } from 'vitest';
import { differences } from './compare.ts';
import { excluded, partly } from './exclusions.ts';
import { playScenario } from './scenario.ts';
import { readTrace, traceNames } from './trace.ts';

describe('the stand-in does what the recorded osqueryd did', () => {
  for (const name of traceNames()) {
    const reason = excluded[name];
    if (reason !== undefined) {
      it.skip(`${name} (not compared: ${reason})`, () => {});
      continue;
    }
    const note = partly[name] === undefined ? '' : ` (in part: ${partly[name]})`;
    it(`${name}${note}`, async () => {
      const trace = readTrace(name);
      expect(differences(trace, await playScenario(trace))).toEqual([]);
    });
  }
});
