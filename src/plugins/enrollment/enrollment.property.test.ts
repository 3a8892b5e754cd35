import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../transport/index.ts';
import type { Enrollment } from './enrollment.ts';
import { badSecret, enrolled, SimulatedWorld } from './simulated.ts';

type Act =
  | { readonly kind: 'advance'; readonly s: number }
  | { readonly kind: 'obtain' | 'refuse' | 'refuse_old' | 'restart' | 'jump' | 'secret' }
  | { readonly kind: 'fails'; readonly what: 'save' | 'read' | 'write'; readonly on: boolean }
  | { readonly kind: 'server'; readonly says: 'key' | 'same_key' | 'no' | 'slow' };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('advance' as const), s: fc.constantFrom(0, 1, 5, 30, 300, 4_000) }),
  fc.record({ kind: fc.constantFrom('obtain', 'refuse', 'refuse_old', 'restart', 'jump', 'secret') }),
  fc.record({
    kind: fc.constant('fails' as const),
    what: fc.constantFrom('save', 'read', 'write'),
    on: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('server' as const),
    says: fc.constantFrom('key', 'same_key', 'no', 'slow'),
  }),
);

test('whatever happens: one request at a time, no key that is not stored, no storm, and an end that is good', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const world = new SimulatedWorld();
      let says: 'key' | 'same_key' | 'no' | 'slow' = 'key';
      /** The enrollment whose request is under way. */
      let asking: Enrollment | undefined;
      const wrong: string[] = [];
      world.server = async (attempt): Promise<Outcome> => {
        const process = enrollment;
        if (asking === process) wrong.push('two requests at a time');
        asking = process;
        if (says === 'slow') await world.clock.sleep(20_000);
        if (asking === process) asking = undefined;
        if (says === 'no') return badSecret;
        return enrolled(says === 'same_key' ? 'the-same' : `key-${attempt}`);
      };
      let enrollment = world.start();
      const start = async () => {
        const next = world.start();
        enrollment = next;
        next.onKey((key) => {
          const stored = [undefined, world.file?.key?.key, world.database?.key];
          if (!stored.includes(key)) wrong.push(`${key} is not stored`);
        });
        const opened = next.open();
        await world.clock.advance(0);
        await opened;
      };
      let before = 0;
      await start();
      for (const step of acts) {
        switch (step.kind) {
          case 'advance':
            before = world.requests.length;
            await world.clock.advance(step.s * 1_000);
            // A generous bound: attempts are n² seconds apart, so there are about as many as the cube root of 3 s.
            expect(world.requests.length - before).toBeLessThanOrEqual(1 + Math.ceil(2 * Math.sqrt(step.s)));
            break;
          case 'obtain':
            void enrollment.obtain({ maxWaitMs: 10_000 });
            break;
          case 'refuse':
            if (enrollment.key !== undefined) enrollment.refused(enrollment.key, 'HTTP 401');
            break;
          case 'refuse_old': {
            const key = enrollment.key;
            enrollment.refused('an-old-one', 'HTTP 401');
            expect(enrollment.key).toBe(key);
            break;
          }
          case 'restart':
            await enrollment.close();
            await start();
            break;
          case 'jump':
            world.clock.jump(-7_000_000);
            break;
          case 'secret':
            world.secret += 'x';
            break;
          case 'fails':
            world.fails = { ...world.fails, [step.what]: step.on };
            break;
          case 'server':
            says = step.says;
            break;
        }
      }
      says = 'key';
      world.fails = {};
      void enrollment.obtain({ maxWaitMs: 0 });
      await world.clock.advance(2 * 3_600_000);
      expect(enrollment.key).toBeDefined();
      expect(world.file?.key?.key).toBe(enrollment.key);
      expect(world.database?.key).toBe(enrollment.key);
      await world.close();
      expect(wrong).toEqual([]);
      expect(world.clock.pending()).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
