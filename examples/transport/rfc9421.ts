import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { defineTransport, encoded } from 'osquery-remote';

// HTTP Message Signatures (RFC 9421) with Ed25519, over the content too (Content-Digest, RFC 9530).
const { SIGNING_KEY_FILE = '', SIGNING_KEY_ID = '' } = process.env;
const key = createPrivateKey(readFileSync(SIGNING_KEY_FILE));

export default defineTransport({
  async attempt(given, next) {
    // The digest is that of the bytes on the wire: compressed, if they are.
    const request = await encoded(given);
    const digest = createHash('sha256')
      .update(request.body ?? '')
      .digest('base64');
    request.headers.set('Content-Digest', `sha-256=:${digest}:`);
    const created = Math.floor(Date.now() / 1_000);
    const params = `("@method" "@target-uri" "content-digest");created=${created};keyid="${SIGNING_KEY_ID}";alg="ed25519"`;
    const base = [
      `"@method": ${request.method}`,
      `"@target-uri": ${request.url.href}`,
      `"content-digest": sha-256=:${digest}:`,
      `"@signature-params": ${params}`,
    ];
    const signature = sign(null, Buffer.from(base.join('\n')), key).toString('base64');
    request.headers.set('Signature-Input', `sig1=${params}`);
    request.headers.set('Signature', `sig1=:${signature}:`);
    return next(request);
  },
});
