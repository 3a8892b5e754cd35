import type { Duplex } from 'node:stream';

type WriteDone = (error?: Error | null) => void;

/**
 * Lets a socket hear the server out when writing to it fails. A server that refuses a large body answers (413), closes
 * while the body is still on its way, and the next write fails; Node would then destroy the socket with the answer
 * unread. So a failed write is told only when reading has come to its end as well, or the socket is destroyed by who
 * owns it.
 */
export function hearOut(socket: Duplex): void {
  const late =
    (done: WriteDone): WriteDone =>
    (error) => {
      if (!error || socket.readableEnded || socket.destroyed) {
        done(error);
        return;
      }
      let told = false;
      const tell = () => {
        if (told) return;
        told = true;
        done(error);
      };
      socket.once('end', tell);
      socket.once('close', tell);
    };
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, late(done));
  if (writev) socket._writev = (chunks, done) => writev.call(socket, chunks, late(done));
}
