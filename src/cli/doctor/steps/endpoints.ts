import { moduleVariable, type Outcome, type TransportRequest } from '../../../plugins/transport/index.ts';
import { withTransport } from '../conversation.ts';
import { flag, type Host, type Registry, usesRemote } from '../host.ts';
import { type Finding, failure, ok, type Step, skipped, warning } from '../step.ts';

const needs = ['tls', 'module', 'key'];

/** Asks for the config. */
export const config = endpoint({
  name: 'config',
  registry: 'config',
  flag: 'config_tls_endpoint',
  request: (nodeKey) => ({ endpoint: 'config', nodeKey }),
  answer: (body) => `a config of ${body.length} bytes`,
});

/** Sends a log without lines. Only a write is sent without looking what is in it, so it goes as one to the other path. */
export const log = endpoint({
  name: 'log',
  registry: 'logger',
  flag: 'logger_tls_endpoint',
  request: (nodeKey) => ({
    endpoint: 'distributed_write',
    nodeKey,
    results: Buffer.from('{"log_type":"result","data":[]}'),
  }),
  answer: () => 'an empty log is taken',
});

/** Asks for work. What the server hands out is put aside: it offers a query until that is answered. */
export const read = endpoint({
  name: 'read',
  registry: 'distributed',
  flag: 'distributed_tls_read_endpoint',
  request: (nodeKey) => ({ endpoint: 'distributed_read', nodeKey }),
  answer: (body) => `${queriesIn(body)} waiting for this host`,
});

/** Sends results of no query. */
export const write = endpoint({
  name: 'write',
  registry: 'distributed',
  flag: 'distributed_tls_write_endpoint',
  request: (nodeKey) => ({
    endpoint: 'distributed_write',
    nodeKey,
    results: Buffer.from('{"queries":{},"statuses":{},"messages":{}}'),
  }),
  answer: () => 'empty results are taken',
});

interface Endpoint {
  readonly name: string;
  readonly registry: Registry;
  readonly flag: string;
  request(nodeKey: string): TransportRequest;
  answer(body: Uint8Array): string;
}

function endpoint(of: Endpoint): Step {
  return {
    name: of.name,
    needs,
    async check(host) {
      if (!usesRemote(host, of.registry)) return [ok(`not used: no ${of.registry} plugin is called remote`)];
      if (flag(host, of.flag) === '') return [skipped(`not tried: --${of.flag} is not set`)];
      const request = of.request(host.nodeKey ?? '');
      const isLog = of.flag === 'logger_tls_endpoint';
      const asked = isLog ? asLog(host) : host;
      const { outcome } = await withTransport(asked, (transport) => transport.request(request, host.signal));
      if (outcome.kind === 'delivered') return [ok(of.answer(outcome.body))];
      const finding = explain(outcome, of, host);
      // A module may send logs in a way of its own.
      return isLog && host.env[moduleVariable] ? [{ ...finding, level: 'warning' }] : [finding];
    },
  };
}

/** The host whose writes go where its logs go. */
function asLog(host: Host): Host {
  const { transport } = host.settings;
  const endpoints = { ...transport.endpoints, distributedWrite: transport.endpoints.log };
  return { ...host, settings: { ...host.settings, transport: { ...transport, endpoints } } };
}

function explain(outcome: Exclude<Outcome, { kind: 'delivered' }>, of: Endpoint, host: Host): Finding {
  const { reason } = outcome;
  switch (outcome.kind) {
    case 'node_invalid':
      return failure(
        `the server does not know the node key: ${reason}`,
        'the extension enrolls again by itself; if this stays so, try --enroll',
      );
    case 'refused':
      return failure(
        reason,
        'the server, or something in front of it, does not let this host in: look at its log',
      );
    case 'too_large':
    case 'rejected':
      return warning(`an empty request is not taken, which may be in order: ${reason}`);
    case 'retry':
      return failure(reason, adviceFor(reason, of, host));
  }
}

function adviceFor(reason: string, { flag: name }: Endpoint, host: Host): string {
  if (/^HTTP (404|405|410)/.test(reason)) return `correct --${name}=${flag(host, name)}`;
  if (/^HTTP 3/.test(reason)) return `give the address to which it leads in --tls_hostname or --${name}`;
  if (/^HTTP 429/.test(reason)) return 'the server is asked too often; try again later';
  if (/no JSON/.test(reason))
    return 'something other than the server answers, a proxy or a login page for example';
  return 'look at the log of the server';
}

function queriesIn(body: Uint8Array): string {
  try {
    const count = Object.keys(JSON.parse(Buffer.from(body).toString()).queries ?? {}).length;
    return count === 1 ? '1 query is' : `${count === 0 ? 'no' : count} queries are`;
  } catch {
    return 'queries that cannot be read are';
  }
}
