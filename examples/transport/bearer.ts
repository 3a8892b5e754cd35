import { readFileSync } from 'node:fs';
import { defineTransport } from 'osquery-remote';

// A bearer token from an OAuth server (client credentials) in front of the osquery server. It is fetched when it is first
// needed, and again when the gateway answers 401. The node key still goes with the body.
const { TOKEN_URL = '', CLIENT_ID = '', CLIENT_SECRET_FILE = '' } = process.env;
let token: string | undefined;

async function fetchToken(signal: AbortSignal): Promise<string> {
  const client_secret = readFileSync(CLIENT_SECRET_FILE, 'utf8').trim();
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret });
  const reply = await fetch(TOKEN_URL, { method: 'POST', body, signal });
  if (!reply.ok) throw new Error(`no token: HTTP ${reply.status}`);
  const { access_token } = (await reply.json()) as { access_token: string };
  return access_token;
}

export default defineTransport({
  async attempt(request, next) {
    const used = token ?? (await fetchToken(request.signal));
    token = used;
    request.headers.set('Authorization', `Bearer ${used}`);
    const reply = await next(request);
    if (reply.status !== 401) return reply;
    if (token === used) token = await fetchToken(request.signal);
    request.headers.set('Authorization', `Bearer ${token}`);
    return next(request);
  },
});
