import { CertificateAuthority } from './certificates.ts';
import type { ServerTls } from './options.ts';

/** A throw-away CA and a certificate for this machine's own names. */
export async function makeTls(): Promise<ServerTls> {
  const authority = await CertificateAuthority.create();
  return { ...(await authority.server()), ca: authority.certificate };
}
