// A logger plugin on our SDK that does nothing: node ours.mjs --socket <manager path>
import { loggerPlugin, runExtension } from '../../../dist/extension/index.js';

await runExtension({
  name: 'bench_ours',
  version: '1.0.0',
  plugins: [loggerPlugin({ name: 'bench', string() {}, snapshot() {} })],
});
