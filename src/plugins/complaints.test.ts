import { beforeEach, expect, test } from 'vitest';
import { Complaints } from './complaints.ts';

let said: string[];
let complaints: Complaints;

beforeEach(() => {
  said = [];
  complaints = new Complaints((level, text) => said.push(`${level} ${text}`));
});

test('the same is said once, and its end once', () => {
  for (let i = 0; i < 3; i++) complaints.about('config', 'no answer');
  for (let i = 0; i < 3; i++) complaints.over('config');
  expect(said).toEqual(['warning config: no answer', 'info config: works again']);
});

test('another reason is said, and the same one again after it was over', () => {
  complaints.about('log', 'no answer');
  complaints.about('log', 'HTTP 503');
  complaints.over('log');
  complaints.about('log', 'HTTP 503');
  expect(said).toEqual([
    'warning log: no answer',
    'warning log: HTTP 503',
    'info log: works again',
    'warning log: HTTP 503',
  ]);
});

test('what never failed does not work again, and subjects do not mix', () => {
  complaints.over('log');
  complaints.about('config', 'no answer');
  complaints.over('log');
  expect(said).toEqual(['warning config: no answer']);
});
