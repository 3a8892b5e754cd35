// npm run bench -- receive|query|start|outbox|all [--json] [--quick]
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { judge, summary } from './lib/report.mjs';

const names = ['receive', 'query', 'start', 'outbox'];
const usage = `usage: npm run bench -- ${names.join('|')}|all [--json] [--quick]`;

let options;
try {
  options = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
  });
} catch (error) {
  fail(`${error.message}\n${usage}`);
}
const [name] = options.positionals;
if (options.positionals.length !== 1 || ![...names, 'all'].includes(name)) fail(usage);
const { json, quick } = options.values;

/** Each bench keeps to this by making fewer rounds; the limit of ten minutes has room for the last one. */
const budgetMs = quick ? 60_000 : 450_000;
const found = [];
for (const bench of name === 'all' ? names : [name]) {
  const started = performance.now();
  const busy = busyNote();
  const progress =
    json || !process.stderr.isTTY ? () => {} : (text) => process.stderr.write(`\r\x1b[K${text}`);
  try {
    const { run } = await import(`./${bench}/bench.mjs`);
    const measured = await run({ quick, progress, until: started + budgetMs });
    const report = { ...measured, notes: [...(measured.notes ?? []), ...busy] };
    const seconds = (performance.now() - started) / 1000;
    progress('');
    if (json) found.push(toJson(report, seconds));
    else console.log(`${found.length > 0 ? '\n' : ''}${summary(report, seconds)}`);
    if (!json) found.push(bench);
  } catch (error) {
    progress('');
    process.exitCode = 1;
    const reason = error instanceof Error ? error.message : String(error);
    if (json) found.push({ bench, error: reason });
    else console.error(`bench ${bench}: ${reason}`);
  }
}
if (json) console.log(JSON.stringify(name === 'all' ? found : found[0], undefined, 2));
process.exit();

function toJson(report, seconds) {
  const { bench, data, leftOut = [], notes = [] } = report;
  return { bench, node: process.versions.node, seconds, goals: judge(report), leftOut, notes, data };
}

/** Wall-clock figures say little on a machine that others use. */
function busyNote() {
  const [load = 0] = loadavg();
  const cores = availableParallelism();
  return load > 1.5 * cores ? [`the machine was busy: load ${load.toFixed(1)} on ${cores} cores`] : [];
}

function fail(text) {
  console.error(text);
  process.exit(1);
}
