import { expect, test } from 'vitest';
import { StatementAnswers } from './statement-answers.ts';
import type { Known } from './virtual-tables.ts';

const rows = (value: string): Known => ({ rows: [new Map([['a', value]])] });
const never = (): Known => {
  throw new Error('asked again');
};

test('a statement that runs again gets the answers that it got before', async () => {
  const answers = new StatementAnswers();
  answers.restart();
  expect(answers.answer('one', () => rows('1'))).toEqual(rows('1'));
  expect(answers.answer('two', async () => rows('2'))).toBe('pending');
  expect(answers.isPending).toBe(true);
  await answers.fetch();
  answers.restart();
  expect(answers.isPending).toBe(false);
  expect(answers.answer('one', never)).toEqual(rows('1'));
  expect(answers.answer('two', never)).toEqual(rows('2'));
});

test('the same question twice in one run is asked twice', () => {
  const answers = new StatementAnswers();
  answers.restart();
  expect(answers.answer('one', () => rows('1'))).toEqual(rows('1'));
  expect(answers.answer('one', () => rows('2'))).toEqual(rows('2'));
});

test('when a statement takes another way, what it had got beyond that point is forgotten', () => {
  const answers = new StatementAnswers();
  answers.restart();
  answers.answer('one', () => rows('1'));
  answers.answer('two', () => rows('2'));
  answers.restart();
  expect(answers.answer('other', () => rows('3'))).toEqual(rows('3'));
  expect(answers.answer('two', () => rows('4'))).toEqual(rows('4'));
  answers.restart();
  expect(answers.answer('other', never)).toEqual(rows('3'));
  expect(answers.answer('two', never)).toEqual(rows('4'));
});
