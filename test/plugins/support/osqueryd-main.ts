import { StandInOsqueryd } from '../../../src/testing/index.ts';

// osqueryd as a process of its own, so that it can end under its extensions. Tells its parent what happens.

const standIn = new StandInOsqueryd({ argv: process.argv.slice(2), print: () => {} });
standIn.on((event) => {
  switch (event.kind) {
    case 'call': {
      const { registry, request } = event.call;
      const { code, message } = event.reply;
      process.send?.({ kind: 'call', registry, request: Object.fromEntries(request), code, message });
      break;
    }
    case 'registered':
      process.send?.({ kind: 'registered', name: event.name, ...event.status });
      break;
    case 'extension_started':
    case 'extension_exited':
      process.send?.(event);
  }
});
process.on('message', ({ exit }: { exit: number }) => process.exit(exit));
process.on('SIGTERM', () => void standIn.stop());
standIn.start();
process.exit((await standIn.exited) ?? 1);
