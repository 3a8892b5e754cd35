import { cells } from './cells/index.ts';
import { runConformance } from './run.ts';

const filter = process.argv[2] ?? '';
const t = performance.now();
let passed = 0,
  failed = 0;
await runConformance({
  cells: cells.filter((c) => c.name.includes(filter)),
  onResult: ({ cell, differences, log }) => {
    if (differences.length === 0) {
      passed++;
      return;
    }
    failed++;
    console.log(`FAILED ${cell.name}\n  ${differences.join('\n  ')}\n    ${log.slice(-6).join('\n    ')}`);
  },
});
console.log(`${passed} passed, ${failed} failed, ${(performance.now() - t) / 1000} s`);
