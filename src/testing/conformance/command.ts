import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { inWorker } from '../../plugins/index.ts';
import { cells } from './cells/index.ts';
import { cellLine, endpointTable, failureLine, totalLine } from './report.ts';
import { runConformance } from './run.ts';
import { remoteSubject } from './subject/index.ts';

const usage = `npm run conformance -- [options]

Plays servers of every kind to the plugins, on real sockets and real TLS, and says which cells failed.

  --only <text>        only cells that have this text in their name
  --module <file>      with this transport module (see defineTransport) between the plugins and the server
  --worker             the transport in a worker thread, as in the product; slower
  --concurrency <n>    cells at a time, default 8; 1 with a worker, which is watched by the memory of the whole process
  --list               says what is expected, and plays nothing
  --verbose            with what the client said in each cell that failed
  --help
`;

/** The command. @returns the exit code: 0 if all cells passed, 1 if any failed, 2 for a command line that makes no sense */
export async function conformanceCommand(
  argv: readonly string[],
  print: (text: string) => void,
): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (values.help) {
    print(usage);
    return 0;
  }
  const chosen = cells.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) {
    print(`no cell has "${values.only}" in its name; --list shows them`);
    return 2;
  }
  if (values.list) {
    for (const cell of chosen) print(cellLine(cell));
    return 0;
  }
  const { module, worker, concurrency } = values;
  const spawn = module !== undefined || worker ? inWorker({ module: module && resolve(module) }) : undefined;
  const cellsAtATime = Number(concurrency ?? (spawn === undefined ? 8 : 1));
  const results = await runConformance({
    cells: chosen,
    concurrency: Math.max(1, cellsAtATime || 1),
    subject: remoteSubject(spawn && { spawn }),
    onResult: (result) => {
      if (result.differences.length === 0) return;
      print(failureLine(result));
      if (values.verbose) for (const text of result.log) print(`    ${text}`);
    },
  });
  print(endpointTable(results));
  print(totalLine(results));
  return results.some(({ differences }) => differences.length > 0) ? 1 : 0;
}

function parse(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', default: '' },
      module: { type: 'string' },
      worker: { type: 'boolean', default: false },
      concurrency: { type: 'string' },
      list: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}
