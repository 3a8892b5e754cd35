import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RemoteError } from './error.ts';
import { interpret } from './interpret.ts';

const endpoint = fc.constantFrom('enroll', 'config', 'log', 'distributed_read', 'distributed_write');

/** Values near to what servers write. */
const flag = fc.constantFrom(true, false, 'true', 'false', 1, 0, '1', '0', null, 2, [], {});
const object = fc.record(
  {
    node_key: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
    id: fc.oneof(fc.string(), fc.integer()),
    node_invalid: flag,
    error: fc.oneof(fc.string(), fc.jsonValue()),
    message: fc.jsonValue(),
    config: fc.json(),
    schedule: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.json().map((text) => Buffer.from(text)),
  fc.string().map((text) => Buffer.from(text)),
  object.map((value) => Buffer.from(JSON.stringify(value))),
  fc.integer({ min: 1, max: 3_000 }).map((depth) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))),
);
const headers = fc.dictionary(
  fc.constantFrom('retry-after', 'date', 'location', 'content-type'),
  fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 }), fc.nat().map(String)),
);
const reply = fc.record({
  status: fc.oneof(fc.integer({ min: 100, max: 599 }), fc.integer()),
  headers,
  body,
});
const options = fc.record({ nodeApi: fc.boolean(), clientCertificate: fc.boolean() });

test('whatever comes back, the outcome keeps its promises', () => {
  fc.assert(
    fc.property(endpoint, reply, options, (endpoint, reply, options) => {
      const outcome = interpret(endpoint, reply, options);
      if (outcome.kind === 'delivered') {
        expect(reply.status).toBeGreaterThanOrEqual(200);
        expect(reply.status).toBeLessThan(300);
        if (endpoint === 'config') {
          const config: unknown = JSON.parse(Buffer.from(outcome.body).toString());
          expect(config).toBeTypeOf('object');
          expect(Array.isArray(config)).toBe(false);
          expect(Object.keys(config ?? {})).not.toEqual([]);
          expect(Object.keys(config ?? {})).not.toContain('node_invalid');
        }
        if (endpoint === 'distributed_read') JSON.parse(Buffer.from(outcome.body).toString());
        if (endpoint === 'enroll' && !options.clientCertificate)
          expect(outcome.body.length).toBeGreaterThan(0);
      } else {
        expect(outcome.reason.length).toBeLessThan(300);
        expect(outcome.reason).not.toMatch(/[\r\n]/);
      }
      if (outcome.kind === 'rejected') expect([400, 415, 422]).toContain(reply.status);
      if (outcome.kind === 'too_large') expect(reply.status).toBe(413);
      if (outcome.kind === 'node_invalid') expect(endpoint).not.toBe('enroll');
      if ('afterMs' in outcome && outcome.afterMs !== undefined) {
        expect(outcome.afterMs).toBeGreaterThan(0);
        expect(outcome.afterMs).toBeLessThanOrEqual(3_600_000);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('whatever was thrown becomes a retry', () => {
  fc.assert(
    fc.property(endpoint, fc.anything(), (endpoint, thrown) => {
      expect(interpret(endpoint, RemoteError.from(thrown)).kind).toBe('retry');
    }),
  );
});
