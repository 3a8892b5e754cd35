#!/usr/bin/env node
import { dispatch } from './dispatch.ts';

// Whoever reads the output may leave, as `head` does; the rest of it is of no use to anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exit(await dispatch(process.argv.slice(2), process));
