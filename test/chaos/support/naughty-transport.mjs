// A transport module that does wrong when the driver says so. Runs in the transport thread of the extension; the
// command is a file, which is removed before it is obeyed: the next thread must not obey it again.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';

const commandFile = process.env['CHAOS_COMMAND_FILE'] ?? '';
const kept = [];
let next = '';

const deeds = {
  exit: () => process.exit(1),
  spin: () => {
    for (;;) kept.length = 0;
  },
  leak: () => {
    for (;;) kept.push(new Array(1000).fill(kept.length));
  },
  buffers: () => {
    setInterval(() => kept.push(Buffer.alloc(16 * 1024 * 1024, 1)), 10);
  },
};

setInterval(() => {
  if (!existsSync(commandFile)) return;
  const command = readFileSync(commandFile, 'utf8');
  unlinkSync(commandFile);
  if (deeds[command] === undefined) next = command;
  else deeds[command]();
}, 20);

export default {
  attempt(request, send) {
    const now = next;
    next = '';
    if (now === 'throw') throw new Error('the user made a mistake');
    if (now === 'hang') return new Promise(() => {});
    return send(request);
  },
};
