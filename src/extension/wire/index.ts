export { BinaryReader } from './binary-reader.ts';
export { BinaryWriter } from './binary-writer.ts';
export {
  ApplicationException,
  decodeMessage,
  encodeChunks,
  encodeMessage,
  type Message,
  type MessageHeader,
  type ThriftStruct,
} from './message.ts';
export { MessageScanner } from './message-scanner.ts';
export { ProtocolError } from './protocol-error.ts';
export { decodeText, encodeText } from './text.ts';
export { type MessageType, T } from './types.ts';
