/** The bytes of a peer are no message of Thrift's binary protocol, or one that is larger than allowed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
