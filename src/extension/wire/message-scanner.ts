import { ProtocolError } from './protocol-error.ts';
import { fixedSize, maxDepth, maxNameBytes, strictVersion, T } from './types.ts';

/** Where the scanner stands in the header of a message, or in its body. */
type Place = 'version' | 'name' | 'old-type' | 'seqid' | 'body' | 'string' | 'list' | 'map';

interface Container {
  readonly kind: 'struct' | 'list' | 'map';
  readonly types: readonly [number, number];
  /** Values still to come; of a map each key and each value counts. Without meaning for a struct. */
  remaining: number;
}

/**
 * Finds the ends of messages in a stream of bytes that comes in pieces of any size. It keeps its place between two
 * pieces, so that no byte is looked at twice, and puts the pieces of a message together once, when all are there.
 * "More bytes needed" is a return value, never an exception (osqueryd writes every call in pieces of 512 bytes).
 */
export class MessageScanner {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  /** Bytes in `#pieces`, all of the current message. */
  #held = 0;
  /** What came last, and the place in it up to which it was looked at. */
  #piece: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Where the current message begins in `#piece`. */
  #from = 0;
  #place: Place = 'version';
  /** Bytes to pass over before the next token. */
  #skip = 0;
  readonly #carry = Buffer.alloc(8);
  #carried = 0;
  #stack: Container[] = [];

  /** @param maxBytes size of a message above which the peer is taken to be broken, default 1 GiB. */
  constructor(maxBytes = 2 ** 30) {
    this.#maxBytes = maxBytes;
  }

  /** Whether bytes of an unfinished message are here. */
  get pending(): boolean {
    return this.#held > 0 || this.#from < this.#piece.length;
  }

  /** Takes bytes from the peer. Call `take` until it returns `undefined` before the next `push`. */
  push(piece: Buffer): void {
    this.#piece = piece;
    this.#at = 0;
    this.#from = 0;
  }

  /**
   * The next complete message, or `undefined` when more bytes are needed.
   * @throws {ProtocolError} when the bytes are no message; the stream cannot be read on.
   */
  take(): Buffer | undefined {
    if (!this.#scan()) {
      if (this.#from < this.#piece.length) {
        const rest = this.#from === 0 ? this.#piece : this.#piece.subarray(this.#from);
        this.#pieces.push(rest);
        this.#held += rest.length;
        this.#from = this.#piece.length;
      }
      return undefined;
    }
    const tail = this.#piece.subarray(this.#from, this.#at);
    const message =
      this.#pieces.length === 0 ? tail : Buffer.concat([...this.#pieces, tail], this.#held + tail.length);
    this.#pieces = [];
    this.#held = 0;
    this.#from = this.#at;
    this.#place = 'version';
    return message;
  }

  /** Goes on until a message is complete (true) or the piece is used up (false). */
  #scan(): boolean {
    for (;;) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, this.#piece.length - this.#at);
        this.#at += step;
        this.#skip -= step;
        if (this.#skip > 0) return false;
      }
      switch (this.#place) {
        case 'version': {
          if (!this.#token(4)) return false;
          const first = this.#carry.readInt32BE(0);
          if (first < 0) {
            if ((first & 0xffff_0000) >>> 0 !== strictVersion)
              throw new ProtocolError('unknown protocol version');
            this.#place = 'name';
          } else {
            this.#skipName(first);
            this.#place = 'old-type';
          }
          break;
        }
        case 'name':
          if (!this.#token(4)) return false;
          this.#skipName(this.#carry.readInt32BE(0));
          this.#place = 'seqid';
          break;
        case 'old-type':
          this.#skip = 1;
          this.#place = 'seqid';
          break;
        case 'seqid':
          this.#skip = 4;
          this.#stack = [{ kind: 'struct', types: [0, 0], remaining: 0 }];
          this.#place = 'body';
          break;
        case 'string':
          if (!this.#token(4)) return false;
          this.#skipBytes(this.#carry.readInt32BE(0));
          this.#place = 'body';
          break;
        case 'list': {
          if (!this.#token(5)) return false;
          const type = this.#carry[0] ?? 0;
          this.#enter('list', type, type, this.#carry.readInt32BE(1));
          break;
        }
        case 'map': {
          if (!this.#token(6)) return false;
          this.#enter('map', this.#carry[0] ?? 0, this.#carry[1] ?? 0, this.#carry.readInt32BE(2) * 2);
          break;
        }
        case 'body': {
          const container = this.#stack.at(-1);
          if (container === undefined) return true;
          if (container.kind === 'struct') {
            if (!this.#token(1)) return false;
            const type = this.#carry[0] ?? 0;
            if (type === T.stop) {
              this.#stack.pop();
            } else {
              this.#skip = 2;
              this.#value(type);
            }
          } else if (container.remaining === 0) {
            this.#stack.pop();
          } else {
            this.#elements(container);
          }
        }
      }
    }
  }

  /** Passes over the next element; over as many as are here when they are strings, as in rows. */
  #elements(container: Container): void {
    const [first, second] = container.types;
    if (first === T.string && second === T.string) {
      const { length } = this.#piece;
      while (container.remaining > 0 && this.#carried === 0 && this.#at + 4 <= length) {
        const size = this.#piece.readInt32BE(this.#at);
        if (size < 0 || size > length - this.#at - 4) break;
        this.#at += 4 + size;
        container.remaining -= 1;
      }
      if (container.remaining === 0) return;
    }
    const type = container.kind === 'map' && container.remaining % 2 === 1 ? second : first;
    container.remaining -= 1;
    this.#value(type);
  }

  #value(type: number): void {
    const size = fixedSize[type] ?? 0;
    if (size > 0) this.#skip += size;
    else if (type === T.string) this.#place = 'string';
    else if (type === T.map) this.#place = 'map';
    else if (type === T.list || type === T.set) this.#place = 'list';
    else if (type === T.struct) this.#enter('struct', 0, 0, 0);
    else throw new ProtocolError(`unknown type ${type}`);
  }

  #enter(kind: Container['kind'], first: number, second: number, remaining: number): void {
    if (remaining < 0) throw new ProtocolError('a container has a negative size');
    if (this.#stack.length >= maxDepth) throw new ProtocolError('the message is nested too deeply');
    this.#stack.push({ kind, types: [first, second], remaining });
    this.#place = 'body';
  }

  #skipName(length: number): void {
    if (length > maxNameBytes) throw new ProtocolError('this is not the Thrift binary protocol');
    this.#skipBytes(length);
  }

  #skipBytes(length: number): void {
    if (length < 0) throw new ProtocolError('a string has a negative length');
    if (this.#held + (this.#at - this.#from) + length > this.#maxBytes) {
      throw new ProtocolError(`the message is larger than ${this.#maxBytes} bytes`);
    }
    this.#skip += length;
  }

  /** Puts the next `count` bytes into `#carry`; false while they are not all here. */
  #token(count: number): boolean {
    const step = Math.min(count - this.#carried, this.#piece.length - this.#at);
    for (let i = 0; i < step; i++) this.#carry[this.#carried + i] = this.#piece[this.#at + i] ?? 0;
    this.#at += step;
    this.#carried += step;
    if (this.#carried < count) return false;
    this.#carried = 0;
    return true;
  }
}
