// The part of the SDK's wire layer that the stand-in builds on, entered in this one place.
export {
  ApplicationException,
  decodeMessage,
  decodeText,
  encodeMessage,
  encodeText,
  type Message,
  MessageScanner,
  ProtocolError,
  type ThriftStruct,
} from '../../extension/wire/index.ts';
