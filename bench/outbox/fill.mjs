// Fills a store as an extension would whose server is away: node fill.mjs <store> <lines>. Tells { filled } over IPC.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { systemClock } from '../../dist/clock/index.js';
import { Outbox } from '../../dist/plugins/outbox/index.js';
import { resultLine } from '../receive/call-bytes.mjs';
import { inTurns } from './in-turns.mjs';

const [store, count] = process.argv.slice(2);
const line = Buffer.from(resultLine());
mkdirSync(store, { recursive: true, mode: 0o700 });
const level = new Level(join(store, 'level'));
await level.open();
const away = async () => ({ answer: { kind: 'retry', reason: 'away' }, lines: 0, bytes: 0, unfit: [] });
const outbox = new Outbox({
  dir: join(store, 'outbox'),
  clock: systemClock,
  deliver: { result: away, status: away, distributed: away },
  caps: { minFreeBytes: 0 },
});
outbox.pause();
await outbox.open(level);
await inTurns(Number(count), () => outbox.append('result', 'line', line));
await outbox.close();
await level.close();
process.send({ filled: Number(count) });
process.disconnect();
