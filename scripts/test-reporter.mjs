import { writeFileSync } from 'node:fs';

/** Where to write the counts as JSON, for `.ci/run`. */
const countsFile = process.env.OSQUERY_REMOTE_TEST_COUNTS;

/** Ends a test run with the tests that were left out, each with its reason, and with the sum of all. */
export default class LeftOutReporter {
  #filtered = false;

  onInit(vitest) {
    this.#filtered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules, errors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state) => tests.filter((test) => test.result().state === state);
    const skipped = inState('skipped');
    // A file that could not be loaded, and an error outside of tests, count as one each.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const counts = {
      passed: inState('passed').length,
      failed: inState('failed').length + broken,
      skipped: skipped.length,
    };
    if (skipped.length > 0 && !this.#filtered) {
      process.stdout.write(`\nLeft out:\n${skipped.map((test) => `  ${describe(test)}\n`).join('')}`);
    }
    process.stdout.write(`\n${summary(counts)}\n`);
    if (countsFile) writeFileSync(countsFile, JSON.stringify(counts));
  }
}

export function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Some reasons stand in the name, others are given when the test finds out; a failed hook leaves out what follows. */
function describe(test) {
  const { note } = test.result();
  const name = `${test.module.relativeModuleId ?? test.module.moduleId} > ${test.fullName}`;
  return note ? `${name}: ${note}` : name;
}
