// `npm run build`: makes dist/ and bin/.
import './lib/node-version.mjs';
import { build } from './lib/build.mjs';
import { alone } from './lib/lock.mjs';
import { runScript } from './lib/say.mjs';

await runScript(() => alone(build));
