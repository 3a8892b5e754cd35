import { describe, expect, test } from 'vitest';
import { RemoteError } from './error.ts';
import { interpret } from './interpret.ts';
import type { Endpoint } from './request.ts';

type Kind = 'delivered' | 'node_invalid' | 'too_large' | 'rejected' | 'refused' | 'retry';

/** What each endpoint makes of one answer, in this order. */
const endpoints = ['enroll', 'config', 'log', 'distributed_read', 'distributed_write'] as const;
type Row = readonly [
  who: string,
  status: number,
  body: string,
  kinds: readonly [Kind, Kind, Kind, Kind, Kind],
];

const D = 'delivered';
const N = 'node_invalid';
const L = 'too_large';
const J = 'rejected';
const F = 'refused';
const R = 'retry';

const html = '<html><body><h1>502 Bad Gateway</h1></body></html>';
const fleetBadRequest = '{"message":"Bad request","errors":[{"name":"base","reason":"x"}],"uuid":"u"}';
const fleetUnknownKey = '{"error":"authentication error: invalid node key","node_invalid":true,"uuid":"u"}';

const table: readonly Row[] = [
  // Success, as the servers write it.
  ['all: {}', 200, '{}', [F, R, D, D, D]],
  ['Doorman, osctrl: node_invalid false', 200, '{"node_invalid":false}\n', [F, R, D, D, D]],
  ['Splunk app, with a blank', 200, '{"node_invalid": false}', [F, R, D, D, D]],
  ['Windmill: a key', 200, '{"node_key":"k"}', [D, D, D, D, D]],
  ['osctrl: a key, node_invalid false', 200, '{"node_key":"k","node_invalid":false}', [D, D, D, D, D]],
  ['a config', 200, '{"schedule":{}}', [F, D, D, D, D]],
  ['created', 201, '{"node_key":"k"}', [D, D, D, D, D]],
  ['accepted', 202, '', [F, R, D, R, D]],
  // Enrollment.
  ['id instead of node_key', 200, '{"id":"k"}', [D, D, D, D, D]],
  ['a blank key', 200, '{"node_key":""}', [F, D, D, D, D]],
  ['a key that is a number', 200, '{"node_key":7}', [F, D, D, D, D]],
  ['a key beside node_invalid', 200, '{"node_key":"k","node_invalid":true}', [D, N, N, N, N]],
  ['a key beside error', 200, '{"node_key":"k","error":"x"}', [D, R, R, R, R]],
  // node_invalid in all its forms.
  ['test server, Zentral: node_invalid', 200, '{"node_invalid": true}', [F, N, N, N, N]],
  ['osctrl read: queries beside it', 200, '{"queries":{},"node_invalid":true}', [F, N, N, N, N]],
  ['as a string', 200, '{"node_invalid":"true"}', [F, N, N, N, N]],
  ['as a number', 200, '{"node_invalid":1}', [F, N, N, N, N]],
  ['as a number in a string', 200, '{"node_invalid":"1"}', [F, N, N, N, N]],
  ['anything else is false: 2', 200, '{"a":1,"node_invalid":2}', [F, D, D, D, D]],
  ['anything else is false: yes', 200, '{"a":1,"node_invalid":"yes"}', [F, D, D, D, D]],
  ['anything else is false: null', 200, '{"a":1,"node_invalid":null}', [F, D, D, D, D]],
  ['anything else is false: []', 200, '{"a":1,"node_invalid":[true]}', [F, D, D, D, D]],
  ['Fleet: with 401', 401, fleetUnknownKey, [F, N, N, N, N]],
  ['with 403', 403, '{"node_invalid":true}', [F, N, N, N, N]],
  ['with 400', 400, '{"node_invalid":true}', [J, N, N, N, N]],
  ['with 500 the status counts', 500, '{"node_invalid":true}', [R, R, R, R, R]],
  ['with 429 the status counts', 429, '{"node_invalid":true}', [R, R, R, R, R]],
  ['beside an error', 200, '{"error":"x","node_invalid":true}', [F, N, N, N, N]],
  // error with 200.
  ['error', 200, '{"error":"database is away"}', [F, R, R, R, R]],
  ['error that is no text', 200, '{"error":{"code":7}}', [F, R, R, R, R]],
  ['error that is null', 200, '{"error":null}', [F, R, R, R, R]],
  // Empty.
  ['Doorman: an empty 200', 200, '', [F, R, D, R, D]],
  ['an empty 204', 204, '', [F, R, D, R, D]],
  ['white space', 200, ' \r\n', [F, R, D, R, D]],
  // Not the API.
  ['a word', 200, 'ok', [R, R, R, R, R]],
  ['osctrl catch-all', 200, '💥', [R, R, R, R, R]],
  ["a captive portal's page", 200, html, [R, R, R, R, R]],
  ['an array', 200, '[]', [R, R, R, R, R]],
  ['a list of configs', 200, '[{"schedule":{}}]', [R, R, R, R, R]],
  ['true', 200, 'true', [R, R, R, R, R]],
  ['null', 200, 'null', [R, R, R, R, R]],
  ['half a config', 200, '{"schedule":{', [R, R, R, R, R]],
  ['two values', 200, '{"a":1}{"b":2}', [R, R, R, R, R]],
  ['nested deeper than we take', 200, `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, [R, R, R, R, R]],
  // Refusals of the client.
  ['osctrl: bad secret', 403, '', [F, F, F, F, F]],
  ['Fleet: bad secret', 401, '{"error":"enroll failed: bad secret","node_invalid":true}', [F, N, N, N, N]],
  ['401 without a body', 401, '', [F, F, F, F, F]],
  ['401 with a page', 401, html, [F, F, F, F, F]],
  // Refusals of the content.
  ['Fleet: bad request, no error key', 400, fleetBadRequest, [J, J, J, J, J]],
  ['Zentral: bad request', 400, html, [J, J, J, J, J]],
  ['osctrl: bad environment', 400, '', [J, J, J, J, J]],
  ['Content-Type', 415, '', [J, J, J, J, J]],
  ['validation', 422, '{"errors":[]}', [J, J, J, J, J]],
  ['too large', 413, '', [R, R, L, R, L]],
  ['nginx: too large', 413, html, [R, R, L, R, L]],
  ['Fleet: sink is down', 413, '{"error":"error writing result logs: x"}', [R, R, R, R, R]],
  ['too large, node_invalid', 413, '{"node_invalid":true}', [R, R, L, R, L]],
  // What may pass.
  ['wrong path', 404, html, [R, R, R, R, R]],
  ['wrong path, in JSON', 404, '{"schedule":{}}', [R, R, R, R, R]],
  ['method', 405, 'Method Not Allowed\n', [R, R, R, R, R]],
  ['proxy asks for a password', 407, '', [R, R, R, R, R]],
  ['slow request', 408, '', [R, R, R, R, R]],
  ['gone', 410, '', [R, R, R, R, R]],
  ['too early', 425, '', [R, R, R, R, R]],
  ['osctrl: too many', 429, 'too many requests\n', [R, R, R, R, R]],
  ['headers too large', 431, '', [R, R, R, R, R]],
  ['osctrl: unknown environment', 500, '', [R, R, R, R, R]],
  ['Fleet: database', 500, '{"error":"database error: x","uuid":"u"}', [R, R, R, R, R]],
  ['a config under 500', 500, '{"schedule":{}}', [R, R, R, R, R]],
  ['nginx', 502, html, [R, R, R, R, R]],
  ['osctrl: enrolment closed', 503, '', [R, R, R, R, R]],
  ['gateway', 504, html, [R, R, R, R, R]],
  ['moved', 301, '', [R, R, R, R, R]],
  ['found, with a body', 302, '{}', [R, R, R, R, R]],
  ['not modified', 304, '', [R, R, R, R, R]],
  ['a status that nobody knows', 799, '{}', [R, R, R, R, R]],
];

const answer = (status: number, body: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: Buffer.from(body),
});

describe('what an answer means', () => {
  for (const [who, status, body, kinds] of table) {
    test(`${status} ${who}`, () => {
      expect(endpoints.map((endpoint) => interpret(endpoint, answer(status, body)).kind)).toEqual(kinds);
    });
  }
});

test('an answer that never came may come later', () => {
  const error = new RemoteError('reset', 'the server hung up');
  for (const endpoint of endpoints) {
    expect(interpret(endpoint, error)).toEqual({ kind: 'retry', reason: 'reset: the server hung up' });
  }
});

test('what can never be sent is rejected', () => {
  expect(interpret('distributed_write', new RemoteError('content', 'no object'))).toEqual({
    kind: 'rejected',
    reason: 'content: no object',
  });
});

describe('delivered bodies', () => {
  const body = (endpoint: Endpoint, text: string, options = {}) => {
    const outcome = interpret(endpoint, answer(200, text), options);
    return outcome.kind === 'delivered' ? Buffer.from(outcome.body).toString() : outcome.kind;
  };

  test('an enrollment is the key alone', () => {
    expect(body('enroll', '{"node_key":"kéy"}')).toBe('kéy');
    expect(body('enroll', '{"id":"k2"}')).toBe('k2');
    expect(body('enroll', '{"node_key":"k1","id":"k2"}')).toBe('k1');
  });

  test('a blank key is an enrollment when a client certificate is in use', () => {
    expect(body('enroll', '{"node_key":""}', { clientCertificate: true })).toBe('');
    expect(body('enroll', '{"id":""}', { clientCertificate: true })).toBe('refused');
    expect(body('enroll', '{}', { clientCertificate: true })).toBe('refused');
  });

  test('a config keeps its bytes and loses only node_invalid', () => {
    expect(body('config', ' {"2":9007199254740993, "1":1.0}\n')).toBe(' {"2":9007199254740993, "1":1.0}\n');
    expect(body('config', '{"node_invalid":false,"2":9007199254740993, "1" : 1.0}')).toBe(
      '{"2":9007199254740993,"1" : 1.0}',
    );
    expect(body('config', '{"a":{"node_invalid":true},"node_invalid":false}')).toBe(
      '{"a":{"node_invalid":true}}',
    );
  });

  test('a config of the node API is taken out of its text', () => {
    const nodeApi = true;
    expect(body('config', '{"config":"{\\"schedule\\":{}}","node":true}', { nodeApi })).toBe(
      '{"schedule":{}}',
    );
    expect(body('config', '{"schedule":{}}', { nodeApi })).toBe('retry');
    expect(body('config', '{"config":"{}"}', { nodeApi })).toBe('retry');
    expect(body('config', '{"config":"[1]"}', { nodeApi })).toBe('retry');
    expect(body('config', '{"config":"{\\"schedule\\":{}}"}')).toBe('{"config":"{\\"schedule\\":{}}"}');
  });

  test('a distributed read is handed on as it came', () => {
    expect(body('distributed_read', '{"queries":{"1":"select 1"},"accelerate":"60"}')).toBe(
      '{"queries":{"1":"select 1"},"accelerate":"60"}',
    );
  });
});

describe('when to come back', () => {
  const afterMs = (status: number, headers: Record<string, string>) => {
    const outcome = interpret('log', answer(status, '', headers));
    return 'afterMs' in outcome ? outcome.afterMs : undefined;
  };

  test('Retry-After is honoured in seconds and as a date, up to an hour', () => {
    expect(afterMs(429, { 'retry-after': '60' })).toBe(60_000);
    expect(afterMs(503, { 'retry-after': '999999999' })).toBe(3_600_000);
    expect(afterMs(403, { 'retry-after': '60' })).toBe(60_000);
    const date = 'Sat, 21 Nov 2026 10:00:00 GMT';
    expect(afterMs(503, { 'retry-after': 'Sat, 21 Nov 2026 10:02:00 GMT', date })).toBe(120_000);
  });

  test('a Retry-After that says nothing usable is ignored', () => {
    const date = 'Sat, 21 Nov 2026 10:00:00 GMT';
    expect(afterMs(503, { 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT', date })).toBeUndefined();
    expect(afterMs(503, { 'retry-after': 'Sat, 21 Nov 2026 10:02:00 GMT' })).toBeUndefined();
    for (const value of ['0', '-5', 'soon', '', '1e9']) {
      expect(afterMs(503, { 'retry-after': value, date })).toBeUndefined();
    }
  });
});

describe('reasons', () => {
  const reason = (status: number, body: string, endpoint: Endpoint = 'log') => {
    const outcome = interpret(endpoint, answer(status, body));
    return outcome.kind === 'delivered' ? undefined : outcome.reason;
  };

  test("they show the status and the server's own words in one line", () => {
    expect(reason(500, '{"error":"database\\nis away"}')).toBe('HTTP 500: database is away');
    expect(reason(400, fleetBadRequest)).toBe('HTTP 400: Bad request');
    expect(reason(500, '')).toBe('HTTP 500');
    expect(reason(502, '<html>\n<b>Bad\x1b[31m</b>')).toBe('HTTP 502: <html> <b>Bad [31m</b>');
    expect(reason(200, '', 'config')).toBe('HTTP 200: the answer is empty');
  });

  test('they show at most 200 characters of a page', () => {
    expect(reason(502, 'x'.repeat(5_000))).toBe(`HTTP 502: ${'x'.repeat(200)}…`);
  });

  test('a secret is taken out before the text is cut, so that no half of it stays', () => {
    const hide = (text: string) => text.replaceAll('made-up-secret', '<hidden>');
    for (const body of [
      `${'x'.repeat(190)}made-up-secret`,
      JSON.stringify({ error: `${'x'.repeat(190)}made-up-secret` }),
    ]) {
      const outcome = interpret('log', answer(500, body), { hide });
      expect(JSON.stringify(outcome)).not.toContain('made');
    }
    // Neither at the end of what is looked at.
    const late = `${' '.repeat(64 * 1024 - 5)}made-up-secret`;
    expect(JSON.stringify(interpret('log', answer(500, late), { hide }))).not.toContain('made');
  });
});
