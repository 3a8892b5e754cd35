/** Size of the write buffer of Thrift's buffered transport in C++. */
const pieceBytes = 512;

/** Writes as osqueryd does, in pieces of 512 bytes, so that a peer that expects whole messages is found out. */
export function writeInPieces(socket: { write(piece: Buffer): unknown }, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) socket.write(bytes.subarray(at, at + pieceBytes));
}
