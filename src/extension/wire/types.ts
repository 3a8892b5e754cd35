/** Type numbers of Thrift's binary protocol. */
export const T = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
  uuid: 16,
} as const;

/** Bytes of a value of a type that always has the same size; 0 for the others. */
export const fixedSize: readonly number[] = [0, 0, 1, 1, 8, 0, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 16];

/** The first two bytes of a strict message. */
export const strictVersion = 0x8001_0000;

export const messageTypes = ['call', 'reply', 'exception', 'oneway'] as const;

export type MessageType = (typeof messageTypes)[number];

/** Nested deeper than any message of osquery's protocol. */
export const maxDepth = 32;

/** Longer than any method name, and shorter than what text (`GET /`) looks like when it is read as a length. */
export const maxNameBytes = 1024;
