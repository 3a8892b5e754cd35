import { crc32 } from 'node:zlib';
import type { RecordKind } from '../batch.ts';

/**
 * How a record stands in a journal file. Little endian:
 *
 *     0  u32  magic                       20  u32  lines (what the owner says that the record holds)
 *     4  u32  crc32 of everything behind  24  f64  acceptedAt, wall-clock milliseconds
 *     8  u32  length of the payload       32  f64  number under the writer id
 *    12  u16  length of the key           40  u32  0, or 1 + the only row that is to be delivered
 *    14  u16  length of the tag           44  key, tag, payload
 *    16  u8   kind
 *    17  u8   flags: 1 = replaces earlier records of the same key
 *
 * The checksum starts from a seed that depends on stream and writer id, so that bytes of another file, or a log line
 * that looks like a frame, are never taken for a record.
 */
export interface Frame {
  readonly number: number;
  readonly kind: FrameKind;
  readonly lines: number;
  readonly acceptedAt: number;
  readonly key: string;
  readonly tag: string;
  readonly replaces: boolean;
  readonly onlyRow: number | undefined;
  readonly bytes: Uint8Array;
}

/** `cancel` marks that earlier records of its key are void. It is never delivered. */
export type FrameKind = RecordKind | 'cancel';

export const frameHeaderBytes = 44;
/** Longest key and tag, in bytes. */
export const maxLabelBytes = 0xffff;

const magic = 0x4a_52_4f_b1;
const magicBytes = Buffer.from([0xb1, 0x4f, 0x52, 0x4a]);
const kinds: readonly FrameKind[] = ['line', 'rows', 'statuses', 'results', 'cancel'];
const codes: Record<FrameKind, number> = { line: 1, rows: 2, statuses: 3, results: 4, cancel: 5 };

/** Where the checksum of a writer's frames starts. */
export function frameSeed(stream: string, writer: string): number {
  return crc32(`${stream}:${writer}`);
}

export function frameSize(frame: Frame): number {
  return (
    frameHeaderBytes + Buffer.byteLength(frame.key) + Buffer.byteLength(frame.tag) + frame.bytes.byteLength
  );
}

/** Writes `frame` to the start of `target`, which has room for `frameSize` bytes. */
export function writeFrame(target: Buffer, frame: Frame, seed: number): number {
  const keyBytes = frame.key === '' ? 0 : target.write(frame.key, frameHeaderBytes);
  const tagBytes = frame.tag === '' ? 0 : target.write(frame.tag, frameHeaderBytes + keyBytes);
  const payload = frameHeaderBytes + keyBytes + tagBytes;
  target.set(frame.bytes, payload);
  const size = payload + frame.bytes.byteLength;
  target.writeUInt32LE(magic, 0);
  target.writeUInt32LE(frame.bytes.byteLength, 8);
  target.writeUInt16LE(keyBytes, 12);
  target.writeUInt16LE(tagBytes, 14);
  target[16] = codes[frame.kind];
  target[17] = frame.replaces ? 1 : 0;
  target.writeUInt16LE(0, 18);
  target.writeUInt32LE(frame.lines, 20);
  target.writeDoubleLE(frame.acceptedAt, 24);
  target.writeDoubleLE(frame.number, 32);
  target.writeUInt32LE(frame.onlyRow === undefined ? 0 : frame.onlyRow + 1, 40);
  target.writeUInt32LE(crc32(target.subarray(8, size), seed), 4);
  return size;
}

/** `cut`: what is there is the beginning of a frame, the rest lies behind `end`. */
export type FrameRead = { readonly frame: Frame; readonly size: number } | 'cut' | 'damaged';

/** Reads the frame at `offset`. The frame's bytes are a view into `source`. */
export function readFrame(source: Buffer, offset: number, end: number, seed: number): FrameRead {
  const there = end - offset;
  if (there < 4) {
    return source.compare(magicBytes, 0, there, offset, end) === 0 ? 'cut' : 'damaged';
  }
  if (source.readUInt32LE(offset) !== magic) return 'damaged';
  if (there < frameHeaderBytes) return 'cut';
  const keyEnd = offset + frameHeaderBytes + source.readUInt16LE(offset + 12);
  const tagEnd = keyEnd + source.readUInt16LE(offset + 14);
  const frameEnd = tagEnd + source.readUInt32LE(offset + 8);
  if (frameEnd > end) return 'cut';
  if (crc32(source.subarray(offset + 8, frameEnd), seed) !== source.readUInt32LE(offset + 4))
    return 'damaged';
  const kind = kinds[(source[offset + 16] ?? 0) - 1];
  if (kind === undefined) return 'damaged';
  const row = source.readUInt32LE(offset + 40);
  const frame: Frame = {
    number: source.readDoubleLE(offset + 32),
    kind,
    lines: source.readUInt32LE(offset + 20),
    acceptedAt: source.readDoubleLE(offset + 24),
    key: source.toString('utf8', offset + frameHeaderBytes, keyEnd),
    tag: source.toString('utf8', keyEnd, tagEnd),
    replaces: (source[offset + 17] ?? 0) === 1,
    onlyRow: row === 0 ? undefined : row - 1,
    bytes: source.subarray(tagEnd, frameEnd),
  };
  return { frame, size: frameEnd - offset };
}

/** Where the next frame may start, behind `offset`; `end` if nowhere. */
export function nextMagic(source: Buffer, offset: number, end: number): number {
  const at = source.subarray(0, end).indexOf(magicBytes, offset + 1);
  if (at >= 0) return at;
  return end;
}
