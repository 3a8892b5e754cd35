import { execSync } from 'node:child_process';
import { defineTransport, delivered } from 'osquery-remote';

/** User code that does what the node key of a config request says, and tells what came of it. */
const leaked: Buffer[] = [];

const deeds: Record<string, () => void> = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  'kill-by-another-name': () => Reflect.get(process, '_kill')(process.pid, 9),
  abort: () => process.abort(),
  chdir: () => process.chdir('/'),
  umask: () => process.umask(0),
  setuid: () => process.setuid?.(65_534),
  'a-buffer-per-call': () => leaked.push(Buffer.alloc(50 * 1024 * 1024)),
  'buffers-at-once': () => {
    for (;;) leaked.push(Buffer.alloc(1024 * 1024, 1));
  },
  spin: () => {
    for (;;);
  },
  'wait-for-a-child': () => execSync('sleep 3'),
};

export default defineTransport({
  call: {
    config(request, next) {
      const deed = deeds[request.nodeKey];
      if (deed === undefined) return next(request);
      try {
        deed();
      } catch (error) {
        return delivered({ thrown: String(error) });
      }
      return delivered({ done: true });
    },
  },
});
