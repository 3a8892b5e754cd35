import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Host } from '../host.ts';
import { openRoute, openTcp, routeOf, show, wordsOf } from '../route.ts';
import { type Finding, failure, ok, type Step } from '../step.ts';

/** Has the name an address? */
export const dns: Step = {
  name: 'dns',
  needs: ['server'],
  async check(host) {
    const { first, proxy } = routeOf(host);
    if (isIP(first.host) !== 0) return [ok(`${first.host} is an address`)];
    const flag = proxy === undefined ? 'tls_hostname' : 'proxy_hostname';
    try {
      return [ok(`${first.host} is ${(await addressesOf(first.host)).join(', ')}`)];
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      const text =
        code === 'EAI_AGAIN'
          ? `no name server answers for ${first.host} (${code})`
          : `no address for ${first.host} (${code})`;
      return [failure(text, `correct --${flag}, or the name servers in /etc/resolv.conf`)];
    }
  },
};

/** Does somebody listen there? */
export const tcp: Step = {
  name: 'tcp',
  needs: ['dns'],
  async check(host) {
    const { first } = routeOf(host);
    const addresses = await addressesOf(first.host);
    const results = await Promise.all(
      addresses.map(async (address) => ({ address, error: await tryAddress(address, first.port, host) })),
    );
    const good = results.filter(({ error }) => error === undefined);
    const bad = results.filter(({ error }) => error !== undefined);
    if (good.length === 0)
      return bad.map(({ address, error = '' }) => noConnection({ host: address, port: first.port }, error));
    const beside = bad
      .map(({ address, error }) => `${show({ host: address, port: first.port })} (${error})`)
      .join(', ');
    const text = `connected to ${good.map(({ address }) => show({ host: address, port: first.port })).join(', ')}`;
    // The extension tries the addresses one after the other, each for a quarter of a second.
    return [ok(beside === '' ? text : `${text}; not to ${beside}`)];
  },
};

/** Does the proxy let us through? */
export const proxy: Step = {
  name: 'proxy',
  needs: ['tcp'],
  async check(host) {
    const route = routeOf(host);
    if (route.exempt) return [ok('not used: NO_PROXY names the server')];
    if (route.proxy === undefined) return [ok('none')];
    try {
      const socket = await openRoute(route, host.patienceMs, host.signal);
      socket.destroy();
      return [ok(`${show(route.proxy)} connects to ${show(route.server)}`)];
    } catch (error) {
      return [
        failure(
          wordsOf(error),
          'ask whoever runs the proxy to let CONNECT through to this host and port, or set NO_PROXY',
        ),
      ];
    }
  },
};

async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

async function tryAddress(
  address: string,
  port: number,
  { patienceMs, signal }: Host,
): Promise<string | undefined> {
  try {
    (await openTcp(address, port, Math.min(patienceMs, 5_000), signal)).destroy();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function noConnection(address: Parameters<typeof show>[0], code: string): Finding {
  const advice: Partial<Record<string, string>> = {
    ECONNREFUSED: 'nobody listens there: is the server running, and is the port right?',
    ETIMEDOUT: 'no answer at all: mostly a firewall in between',
    EHOSTUNREACH: 'there is no way to this address: look at routes and firewalls',
    ENETUNREACH: 'there is no way to this network: look at routes',
  };
  return failure(
    `no connection to ${show(address)} (${code})`,
    advice[code] ?? 'look at the network between',
  );
}
