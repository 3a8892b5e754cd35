// A transport module that ends its thread when the driver says so. The command is a file, which is removed before it is
// obeyed: the next thread must not obey it again.
import { existsSync, unlinkSync } from 'node:fs';

const commandFile = process.env['CHAOS_COMMAND_FILE'] ?? '';

setInterval(() => {
  if (!existsSync(commandFile)) return;
  unlinkSync(commandFile);
  process.exit(1);
}, 20);

export default {};
