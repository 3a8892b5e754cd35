import { writeSync } from 'node:fs';
import { configPlugin, distributedPlugin, loggerPlugin, runExtension } from '../../../src/extension/index.ts';

/** An extension as small as can be, which says on its output what becomes of it. */
function say(text: string): void {
  writeSync(1, `${process.pid} ${text}\n`);
}

process.on('exit', (code) => say(`exit ${code}`));

await runExtension({
  name: process.env['PLAIN_NAME'] ?? 'plain',
  plugins: [
    configPlugin({
      name: process.env['PLAIN_PLUGIN'] ?? 'plain',
      genConfig: () => ({ plain: process.env['PLAIN_CONFIG'] ?? '{}' }),
    }),
    loggerPlugin({
      name: 'plain',
      string() {
        throw new Error('this logger refuses every line');
      },
    }),
    distributedPlugin({ name: 'plain', getQueries: () => undefined, writeResults() {} }),
  ],
  onStart: () => say('registered'),
  onStop: async () => say('stop'),
});
