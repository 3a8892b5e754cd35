import { describe, expect, it } from 'vitest';
import { writeInPieces } from './pieces.ts';

describe('writing in pieces', () => {
  it.each([
    [0, []],
    [1, [1]],
    [512, [512]],
    [513, [512, 1]],
    [1500, [512, 512, 476]],
  ])('%i bytes go out as %j', (length, sizes) => {
    const written: Buffer[] = [];

    const bytes = Buffer.from(Array.from({ length }, (_, i) => i % 251));
    writeInPieces({ write: (piece) => written.push(piece) }, bytes);

    expect(written.map((piece) => piece.length)).toEqual(sizes);
    expect(Buffer.concat(written)).toEqual(bytes);
  });
});
