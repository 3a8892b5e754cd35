import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canaries } from './canaries.ts';
import { forms } from './forms.ts';

/** Where the module can be told to misbehave: as it loads, in a request, with a line, in its place for the node key. */
export type Place = 'load' | 'enroll' | 'config' | 'log' | 'distributed_read' | 'line' | 'nodeKey';

/** What it then does with a text that holds all secrets. The last two end the thread. */
export type Way =
  | 'throws'
  | 'throwsNoError'
  | 'answers'
  | 'answersWithPage'
  | 'throwsLater'
  | 'forgetsToCatch';

/** A way, and the form in which the secrets stand there. */
export type Deed = `${Way} ${keyof typeof forms | 'all'}`;

/** Tells the module in `dir` what to do the next times at this place, each once; after that all is well. */
export function order(dir: string, place: Place, deeds: readonly Deed[]): void {
  writeFileSync(join(dir, `deeds.${place}`), deeds.join('\n'));
}

/** Whether the module has done all that it was told for this place. */
export function isDone(dir: string, place: Place): boolean {
  return !existsSync(join(dir, `deeds.${place}`));
}

/**
 * A transport module of a user that sends a token of its own and knows every other secret too, and says them all. The
 * token is only said when it has once been put into a header: before, nobody else can know it for a secret.
 * @param keepsKey whether it is also the place for the node key
 */
export function spillingModule(keepsKey: boolean): string {
  return `
    import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
    const beside = (name) => new URL(name, import.meta.url);
    const forms = { ${Object.entries(forms).map(([name, form]) => `${name}: ${form}`)} };
    let token = '';
    const secret = readFileSync(beside('secret'), 'utf8').trim();
    let key = '';

    function misbehave(place) {
      const path = beside('deeds.' + place);
      if (!existsSync(path)) return undefined;
      const [deed, ...rest] = readFileSync(path, 'utf8').split('\\n');
      if (rest.length === 0) rmSync(path);
      else writeFileSync(path, rest.join('\\n'));
      const [way, form] = deed.split(' ');
      const chosen = form === 'all' ? Object.values(forms) : [forms[form]];
      const values = [secret, ...(token === '' ? [] : [token, 'Bearer ' + token]), ...(key === '' ? [] : [key])];
      const text = 'said as ' + deed + ': ' + chosen.flatMap((write) => values.map(write)).join(' ');
      switch (way) {
        case 'throws': throw new Error(text);
        case 'throwsNoError': throw { toString: () => text };
        case 'answers': return { status: 500, headers: {}, body: JSON.stringify({ error: text }) };
        case 'answersWithPage': return { status: 502, headers: {}, body: '<html>' + text };
        case 'throwsLater': setImmediate(() => { throw new Error(text); }); break;
        case 'forgetsToCatch': void Promise.reject(new Error(text)); break;
      }
      return new Promise(() => {});
    }

    misbehave('load');
    export default {
      async attempt(request, next) {
        token = ${JSON.stringify(canaries.token)};
        request.headers.set('Authorization', 'Bearer ' + token);
        if (request.endpoint === 'enroll') {
          const reply = await next(request);
          key = /"node_key":"([^"]+)"/.exec(Buffer.from(reply.body))?.[1] ?? '';
          return misbehave('enroll') ?? reply;
        }
        key = JSON.parse(request.body).node_key;
        return misbehave(request.endpoint) ?? next(request);
      },
      line(line) {
        misbehave('line');
        return line;
      },
      ${keepsKey ? "nodeKey: { load: () => '', store(given) { key = given; return misbehave('nodeKey'); } }," : ''}
    };`;
}
