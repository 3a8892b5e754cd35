import { createServer } from '../../../src/server/index.ts';
import { LogFile } from '../../../src/server/lines/index.ts';
import { Database } from '../../../src/server/store/index.ts';

/** Where in the handling of a batch the process kills itself. */
export type DeathPoint =
  | 'before the append'
  | 'in the append'
  | 'before the commit'
  | 'before the reply'
  | 'never';

/**
 * A server in a process of its own that dies at a given point of its nth batch, as if the machine's OOM killer had come.
 * Prints its address as one line of JSON.
 */
const [dataDirectory = '', point = 'never', nth = '1'] = process.argv.slice(2);
let appends = 0;
const { append } = LogFile.prototype;
const { write } = Database.prototype;

LogFile.prototype.append = async function (lines) {
  if (lines.length === 0) return;
  appends++;
  if (isNow('before the append')) die();
  if (isNow('in the append')) {
    await append.call(this, lines.slice(0, 7));
    die();
  }
  return append.call(this, lines);
};

Database.prototype.write = async function (changes) {
  const isCommit = changes.some(({ key }) => key.startsWith('lines!'));
  if (isCommit && isNow('before the commit')) die();
  await write.call(this, changes);
  if (isCommit && isNow('before the reply')) die();
};

function isNow(here: DeathPoint): boolean {
  return point === here && appends === Number(nth);
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('not reached');
}

const server = await createServer({ secrets: ['made-up-secret'], dataDirectory });
await server.listen();
process.stdout.write(`${JSON.stringify({ url: server.url, caFile: server.caFile })}\n`);
