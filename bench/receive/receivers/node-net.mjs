// The least that a receiver in Node can do: bytes in, one canned reply out. It does not even parse.
//   node node-net.mjs <socket path> [tuned]
import { createServer } from 'node:net';
import { message, response, result, status, type } from '../../lib/thrift-bytes.mjs';

const [path, tuned] = process.argv.slice(2);
const pong = message('reply', 'ping', result(type.struct, status(0, 'pong')));
const ok = message('reply', 'call', result(type.struct, response(0, 'OK')));
const pingBytes = 17;
const stop = 0;

/** A call ends with the mark of a struct's end, a byte that no result line contains. */
function onData(bytes) {
  if (bytes.length === pingBytes) this.write(pong);
  else if (bytes[bytes.length - 1] === stop) this.write(ok);
}

/** `tuned` closes at once when the peer has, instead of ending the own side first. */
const server =
  tuned === 'tuned'
    ? createServer({ allowHalfOpen: true }, (socket) => {
        socket.on('data', onData).on('end', socket.destroy).on('error', ignore);
      })
    : createServer((socket) => {
        socket.on('data', onData).on('error', ignore);
      });
function ignore() {}
server.listen(path);
