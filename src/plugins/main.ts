import { runRemote } from './run-remote.ts';

process.exit(await runRemote(process.argv.slice(2)));
