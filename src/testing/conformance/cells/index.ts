import type { Cell } from '../cell.ts';
import { enrollCells } from './enroll.ts';
import { logCells } from './log.ts';

/** All cells, endpoint by endpoint. */
export const cells: readonly Cell[] = [...enrollCells, ...logCells];
