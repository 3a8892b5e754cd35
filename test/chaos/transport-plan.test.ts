import { expect, test } from 'vitest';
import { makeTransportPlan } from './transport-plan.ts';

test('there are as many faults as were asked for, whatever the number', () => {
  for (const faults of [1, 20, 99, 1000, 1001]) {
    for (const cheap of [false, true]) {
      const plan = makeTransportPlan({ seed: 3, faults, cheap });
      expect(plan.module.length + plan.socket.length + plan.server + plan.serverKills).toBe(faults);
    }
  }
});

test('a thousand faults hold every kind, and few that cost many seconds', () => {
  const { module, socket, serverKills } = makeTransportPlan({ seed: 1, faults: 1000 });
  expect(new Set(module).size).toBe(13);
  expect(new Set(socket).size).toBe(11);
  expect(serverKills).toBe(5);
  expect(module.filter((kind) => kind === 'spin').length).toBeLessThan(10);
  expect(module.filter((kind) => kind === 'spin').length).toBeGreaterThan(3);
});

test('the same seed makes the same plan, another one another', () => {
  expect(makeTransportPlan({ seed: 7, faults: 200 })).toEqual(makeTransportPlan({ seed: 7, faults: 200 }));
  expect(makeTransportPlan({ seed: 8, faults: 200 }).module).not.toEqual(
    makeTransportPlan({ seed: 7, faults: 200 }).module,
  );
});

test('a cheap plan leaves out what costs many seconds', () => {
  const { module, socket } = makeTransportPlan({ seed: 1, faults: 500, cheap: true });
  for (const kind of ['spin', 'never_settles', 'block'] as const) expect(module).not.toContain(kind);
  for (const kind of ['half_open', 'handshake_silent'] as const) expect(socket).not.toContain(kind);
  expect(module).toContain('exit');
});
