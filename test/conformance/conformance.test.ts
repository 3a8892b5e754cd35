import { expect, test } from 'vitest';
import { conformanceCells, failureLine, runConformance } from '../../src/testing/index.ts';

/** Every fifth cell: some of each kind, at each endpoint. */
const some = conformanceCells.filter((_, i) => i % 5 === 0);
const endpoints = [...new Set(conformanceCells.map(({ endpoint }) => endpoint))];

test.each(endpoints)('%s: every fifth cell', { timeout: 240_000 }, async (endpoint) => {
  const cells = some.filter((cell) => cell.endpoint === endpoint);
  const results = await runConformance({ cells });
  expect(results.filter(({ differences }) => differences.length > 0).map(failureLine)).toEqual([]);
  expect(results).toHaveLength(cells.length);
});

test.skip(`the other ${conformanceCells.length - some.length} of ${conformanceCells.length} cells: npm run conformance`, () => {});

test('the table has more than 120 cells, with names of their own, and knows every endpoint', () => {
  expect(conformanceCells.length).toBeGreaterThanOrEqual(120);
  expect(new Set(conformanceCells.map(({ name }) => name)).size).toBe(conformanceCells.length);
  expect(endpoints).toEqual(['enroll', 'config', 'log', 'distributed_read', 'distributed_write']);
});
