import { StandInOsqueryd } from '../../../src/testing/osqueryd/index.ts';

/** The stand-in as a process of its own, which ends as osqueryd does. It says whom it accepted. */
const standIn = new StandInOsqueryd({ argv: process.argv.slice(2), print: () => {} });
standIn.on((event) => {
  if (event.kind === 'registered' && event.status.code === 0)
    process.stdout.write(`accepted ${event.name}\n`);
});
process.on('SIGTERM', () => void standIn.stop());
standIn.start();
process.exit((await standIn.exited) ?? 1);
