// Hands lines to a logger plugin as osqueryd does: one at a time, each with two connections, the first for a ping.
// Over IPC: { path, plugin, lines } is answered by { seconds } when all of them were answered with code 0.
import { connect } from 'node:net';
import { decode } from '../lib/thrift-bytes.mjs';
import { lineCall, ping, resultLine } from './call-bytes.mjs';

const line = resultLine();

process.on('disconnect', () => process.exit());
process.on('message', async ({ path, plugin, lines }) => {
  try {
    process.send({ seconds: await drive(path, plugin, lines) });
  } catch (error) {
    process.send({ error: `the line was not taken: ${error.message}` });
  }
});

async function drive(path, plugin, lines) {
  const call = lineCall(plugin, line);
  const pinged = new Replies((body) => body.get(0)?.get(1) === 0);
  const called = new Replies((body) => body.get(0)?.get(1)?.get(1) === 0);
  const start = performance.now();
  for (let i = 0; i < lines; i++) {
    await exchange(path, ping, pinged);
    await exchange(path, call, called);
  }
  return (performance.now() - start) / 1000;
}

function exchange(path, pieces, replies) {
  return new Promise((resolve, reject) => {
    let received;
    const socket = connect(path);
    socket.once('connect', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', (bytes) => {
      received = received === undefined ? bytes : Buffer.concat([received, bytes]);
      try {
        if (!replies.complete(received)) return;
      } catch (error) {
        reject(error);
      }
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error('the connection was closed')));
  });
}

/** Knows complete replies. All but the first are the same bytes again, which is quick to see. */
class Replies {
  #good;
  #known;

  constructor(good) {
    this.#good = good;
  }

  complete(bytes) {
    if (this.#known?.equals(bytes)) return true;
    const reply = decode(bytes);
    if (reply === undefined) return false;
    if (reply.kind !== 2 || !this.#good(reply.body)) throw new Error('the reply is not code 0');
    this.#known = bytes;
    return true;
  }
}
