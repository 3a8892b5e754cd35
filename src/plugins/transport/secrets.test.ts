import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { dumpText } from './dump.ts';
import { RemoteError } from './error.ts';
import { Secrets } from './secrets.ts';

describe('Secrets', () => {
  test('are taken out in every form in which they travel', () => {
    const secret = 'pa&ss"wörd';
    const { scrub } = { scrub: (text: string) => new Secrets([secret]).scrub(text) };
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      Buffer.from(secret).toString('base64'),
    ];
    for (const form of forms) expect(scrub(`x ${form} y`)).toMatch(/^x "?<hidden>"? y$/);
  });

  test('are taken out in every form of base64', () => {
    // In base64 it has both characters that differ between the alphabets, and padding.
    const secret = 'made-up-?>?>-key!';
    const plain = Buffer.from(secret).toString('base64');
    expect(plain).toBe('bWFkZS11cC0/Pj8+LWtleSE=');
    const forms = [
      plain,
      plain.replace('=', ''),
      Buffer.from(secret).toString('base64url'),
      encodeURIComponent(plain),
      plain.replaceAll('/', '\\/'),
    ];
    for (const form of forms) expect(new Secrets([secret]).scrub(`x ${form} y`)).toBe('x <hidden> y');
  });

  test('the longer one goes first, and an empty one hides nothing', () => {
    expect(new Secrets(['key', 'key-of-mine', '']).scrub('key-of-mine and key')).toBe(
      '<hidden> and <hidden>',
    );
  });
});

describe('RemoteError', () => {
  const secrets = new Secrets(['made-up-key']);
  const cause = new Error('broke at made-up-key');

  test('starts with its code, and holds no secret however it is printed', () => {
    const error = RemoteError.from(cause, secrets);
    expect(error.message).toBe('internal: broke at <hidden>');
    expect(error.cause).toBe(cause);
    for (const text of [
      String(error),
      inspect(error),
      inspect({ error }),
      JSON.stringify(error),
      error.stack,
    ]) {
      expect(text).not.toContain('made-up-key');
    }
  });

  test('one that is one already is left as it is', () => {
    const error = new RemoteError('dns', 'no address');
    expect(RemoteError.from(error)).toBe(error);
  });

  test('anything can be thrown', () => {
    expect(RemoteError.from('made-up-key', secrets).message).toBe('internal: <hidden>');
    expect(RemoteError.from(undefined).message).toBe('internal: undefined');
    expect(RemoteError.from(Object.create(null)).code).toBe('internal');
  });
});

describe('dumps', () => {
  const dump = (endpoint: 'enroll' | 'config', body: string, status?: number) =>
    dumpText(
      { endpoint, method: 'POST' },
      Buffer.from(body),
      { enrollOverride: 'to.ken' },
      new Secrets(['s3cret']),
      status,
    );

  test('show bodies without secrets, also without those that only the answer knows', () => {
    expect(dump('enroll', '{"to.ken":"s3cret","host_identifier":"s3cret-host"}')).toBe(
      'POST enroll: {"to.ken":"<hidden>","host_identifier":"<hidden>-host"}',
    );
    expect(dump('enroll', '{"node_key" : "new\\"key"}', 200)).toBe(
      'enroll answered HTTP 200: {"node_key" : "<hidden>"}',
    );
    expect(dump('enroll', '{"id":"k"}', 200)).toBe('enroll answered HTTP 200: {"id":"<hidden>"}');
    expect(dump('config', '{"id":"k","a":"toXken"}', 200)).toBe(
      'config answered HTTP 200: {"id":"k","a":"toXken"}',
    );
  });

  test('are cut, and not in the middle of a secret', () => {
    const text = dump('config', `{"a":"${'x'.repeat(65_500)}","node_key":"${'k'.repeat(200)}"}`, 200);
    expect(text).not.toContain('kk');
    expect(text).toMatch(/… \(65\d+ bytes\)$/);
  });
});
