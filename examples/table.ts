import { totalmem } from 'node:os';
import { runExtension, tablePlugin } from 'osquery-remote/extension';

const nodeMemory = tablePlugin({
  name: 'node_memory',
  columns: { kind: { type: 'TEXT', index: true }, bytes: 'BIGINT', share: 'DOUBLE' },
  generate: () =>
    Object.entries(process.memoryUsage()).map(([kind, bytes]) => ({
      kind,
      bytes,
      share: bytes / totalmem(),
    })),
});

await runExtension({ name: 'node-memory', version: '1.0.0', plugins: [nodeMemory] });
