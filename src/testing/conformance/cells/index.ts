import type { Cell } from '../cell.ts';
import { configCells } from './config.ts';
import { distributedReadCells } from './distributed-read.ts';
import { distributedWriteCells } from './distributed-write.ts';
import { enrollCells } from './enroll.ts';
import { logCells } from './log.ts';

/** All cells, endpoint by endpoint. */
export const cells: readonly Cell[] = [
  ...enrollCells,
  ...configCells,
  ...logCells,
  ...distributedReadCells,
  ...distributedWriteCells,
];
