import { defineTransport } from 'osquery-remote';

// Columns that do not leave the host, wherever they are: in result lines, in snapshots, and in the rows of distributed
// queries. Logs of one scheduled query do not leave it at all.
const hidden = new Set(['password_hash', 'ssh_key']);
const kept = 'pack/local/forensics';

const redacted = (json: Uint8Array) =>
  JSON.parse(Buffer.from(json).toString(), (column, value) => (hidden.has(column) ? '<redacted>' : value));

export default defineTransport({
  line(line) {
    const text = Buffer.from(line.bytes).toString();
    if (text.includes(kept) && line.json()['name'] === kept) return null;
    // Most lines have none of these columns: they stay bytes.
    return [...hidden].some((column) => text.includes(column)) ? redacted(line.bytes) : line;
  },
  call: {
    distributed_write(request, next) {
      const results = Buffer.from(JSON.stringify(redacted(request.results)));
      return next({ ...request, results });
    },
  },
});
