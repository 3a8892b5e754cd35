import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type ServerTls } from '../../src/server/index.ts';
import { makeTls } from '../../src/server/tls.ts';
import { Faults } from './faults.ts';
import { Random } from './random.ts';

/** What the server tells the driver. */
export interface ServerTold {
  readonly url: string;
  readonly port: number;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly logs: { readonly result: string; readonly status: string };
}

/** Something that it has done to a request. */
export interface ServerFault {
  readonly fault: string;
}

/** The reference server in a process of its own, with faults by chance until the driver says `calm`. */
const [dataDirectory = '', port = '0', seed = '1', refusals = '0', mood = 'storm', most = 'Infinity'] =
  process.argv.slice(2);
const faults = new Faults(new Random(Number(seed)), {
  refusals: Number(refusals),
  calm: mood === 'calm',
  most: Number(most),
  onFault: (fault) => process.send?.({ fault } satisfies ServerFault),
});

process.on('message', () => {
  faults.calm = true;
});
process.on('disconnect', () => process.exit(0));

const server = await createServer({
  secrets: ['made-up-secret'],
  dataDirectory,
  port: Number(port),
  queryLeaseMs: 1000,
  config: { value: { schedule: { uptime: { query: 'SELECT * FROM uptime', interval: 60 } } } },
  tls: await sameTls(),
  intercept: (endpoint, request) => faults.for(endpoint, request),
});
await server.listen();
const told: ServerTold = {
  url: server.url,
  port: server.address.port,
  caFile: server.caFile,
  tokenFile: server.tokenFile,
  logs: { result: server.logFile('result'), status: server.logFile('status') },
};
process.send?.(told);

/** The same certificate over restarts, as a real server has. The directory is gone after the run. */
async function sameTls(): Promise<ServerTls> {
  const path = join(dataDirectory, '..', 'server-tls.json');
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
  const tls = await makeTls();
  writeFileSync(path, JSON.stringify(tls), { mode: 0o600 });
  return tls;
}
