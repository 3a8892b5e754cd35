import { explainHandshake } from '../explain-handshake.ts';
import { shakeHands } from '../handshake.ts';
import { openRoute, routeOf } from '../route.ts';
import type { Step } from '../step.ts';

/** A handshake with the server, and why it fails. */
export const tls: Step = {
  name: 'tls',
  needs: ['proxy', 'roots', 'client cert'],
  async check(host) {
    const route = routeOf(host);
    const { server } = route;
    const { serverCerts } = host.settings.transport;
    const socket = await openRoute(route, host.patienceMs, host.signal);
    const seen = await shakeHands(socket, server.host, host.settings.transport, host.patienceMs);
    return explainHandshake(seen, {
      server,
      serverCerts,
      hasClientCertificate: host.settings.enrollment.clientCertificate,
    });
  },
};
