import type { Step } from '../step.ts';
import { clientCertificate } from './client-certificate.ts';
import { config, log, read, write } from './endpoints.ts';
import { enroll } from './enroll.ts';
import { extension } from './extension.ts';
import { flags } from './flags.ts';
import { key } from './key.ts';
import { module } from './module.ts';
import { dns, proxy, tcp } from './network.ts';
import { node } from './node.ts';
import { osqueryd } from './osqueryd.ts';
import { plugins } from './plugins.ts';
import { roots } from './roots.ts';
import { secret } from './secret.ts';
import { paths, server } from './server.ts';
import { start } from './start.ts';
import { store } from './store.ts';
import { tls } from './tls.ts';

/** What is looked at, in this order: first what is on the host, then the way to the server, then what the server says. */
export const steps: readonly Step[] = [
  osqueryd,
  flags,
  plugins,
  node,
  extension,
  start,
  store,
  secret,
  roots,
  clientCertificate,
  module,
  server,
  paths,
  dns,
  tcp,
  proxy,
  tls,
  enroll,
  key,
  config,
  log,
  read,
  write,
];
