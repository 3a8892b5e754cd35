// The reference server in a process of its own: node server.mjs <data directory> <enroll secret>
// Over IPC it first tells { hostname, caFile }, and answers { until: n } by { received, at } when so many result lines
// have come in, repeats not counted; `at` as of the monotonic clock, in nanoseconds.
import { createServer } from '../../dist/server/index.js';

const server = await createServer({ secrets: [process.argv[3]], dataDirectory: process.argv[2] });
let received = 0;
let wanted = Number.POSITIVE_INFINITY;

server.events.subscribe((event) => {
  if (event.kind !== 'log_received' || event.stream !== 'result') return;
  received += event.lines - event.repeated;
  tell();
});
process.on('disconnect', () => process.exit());
process.on('message', ({ until }) => {
  wanted = until;
  tell();
});
await server.listen();
process.send({ hostname: server.hostname, caFile: server.caFile });

function tell() {
  if (received < wanted) return;
  wanted = Number.POSITIVE_INFINITY;
  process.send({ received, at: String(process.hrtime.bigint()) });
}
