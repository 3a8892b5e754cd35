import { inspect } from 'node:util';
import type { Fault, InterceptedRequest } from '../../../src/server/index.ts';

/** The request once more, as a careless server or proxy quotes it. */
function quoted({ url, headers, body }: InterceptedRequest): string {
  const text = Buffer.from(body).toString();
  // Also where a text is cut to fit into a log line.
  return `${url} ${inspect(headers)} ${text} ${decodeURIComponent(url)} ${'x'.repeat(140)} ${url} ${'x'.repeat(70)} ${text}`;
}

const inPage = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;')
    .replaceAll("'", '&#39;');
const asGoDoes = (text: string) =>
  text.replace(/[&<>]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
const error = (text: string, more = {}) => JSON.stringify({ error: text, ...more });

/** Answers of servers that say again what they heard. */
export const quoting: Readonly<Record<string, (request: InterceptedRequest) => Fault>> = {
  'an error that quotes the request': (request) => ({ body: error(quoted(request)) }),
  'an error of a server in Go': (request) => ({ status: 500, body: asGoDoes(error(quoted(request))) }),
  'an object where a text is expected': (request) => ({
    status: 500,
    body: JSON.stringify({ error: { request: quoted(request) } }),
  }),
  'a page that quotes the request': (request) => ({ status: 502, body: `<html>${quoted(request)}</html>` }),
  'a page that quotes it as pages do': (request) => ({
    status: 502,
    body: `<html>${inPage(quoted(request))}</html>`,
  }),
  'a refusal of the key that quotes it': (request) => ({
    status: 401,
    body: error(quoted(request), { node_invalid: true }),
  }),
  'a refusal of the content that quotes it': (request) => ({ status: 400, body: error(quoted(request)) }),
  'a refusal of the size that quotes it': (request) => ({ status: 413, body: error(quoted(request)) }),
  'a redirect to a host of that name': ({ headers, body }) => {
    const name = `${headers['x-api-key'] ?? ''}${Buffer.from(body).toString()}`.match(/Recogn\w*/)?.[0];
    return { status: 307, headers: { location: `https://${name ?? 'none'}.example.com/` } };
  },
  'a redirect within the server': ({ url }) => ({ status: 307, headers: { location: `${url}&again=1` } }),
  'a hang-up': () => 'reset',
};
