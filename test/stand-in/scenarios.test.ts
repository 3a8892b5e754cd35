import { describe, expect, it } from 'vitest';
import { differences } from './compare.ts';
import { excluded, loosely, partly } from './exclusions.ts';
import { masks } from './masks.ts';
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

it('all that is not compared, or loosely, is named with its reason', () => {
  const lines = [
    ...[...Object.entries(excluded), ...Object.entries(partly)].map(([what, why]) => `${what}: ${why}`),
    ...loosely.map(([what, why]) => `${what}: ${why}`),
    ...masks.map(({ what, why }) => `${what}: ${why}`),
  ];
  expect(lines.filter((line) => /^: |: $/.test(line))).toEqual([]);
  console.info(
    `Not compared with the recorded osqueryd, or loosely:\n${lines.map((line) => `- ${line}`).join('\n')}`,
  );
});
