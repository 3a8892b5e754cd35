import { canaries } from './canaries.ts';

const { token, apiKey } = canaries;
const put = `request.headers.set('Authorization', 'Bearer ${token}'); request.headers.set('X-Api-Key', '${apiKey}');`;
const quote = `[...request.headers].join() + ' ' + request.body + ' ' + request.url`;
const onLog = (deed: string) =>
  `export default { attempt(request, next) { ${put} if (request.endpoint === 'log') { ${deed} } return next(request); } };`;

/** Transport modules of users, as text, that use secrets of their own and handle all of them badly. */
export const modules = {
  'that adds a token': onLog(''),
  'that throws what it was given': onLog(`throw new Error(${quote});`),
  'that throws what it was given, and is no error': onLog(`throw { toString: () => ${quote} };`),
  'that throws it later, which ends the thread': onLog(
    `setImmediate(() => { throw new Error(${quote}); }); return new Promise(() => {});`,
  ),
  'that forgets to catch it, which ends the thread': onLog(
    `void Promise.reject(new Error(${quote})); return new Promise(() => {});`,
  ),
  'that throws it around the call': `export default {
    attempt(request, next) { ${put} return next(request); },
    call: { log(request, next) { return next(request).then(() => { throw new Error(request.nodeKey + ' ${token}'); }); } },
  };`,
  'that cannot keep a key': `export default {
    nodeKey: { load: () => '', store(key) { throw new Error('no room for ' + key); } },
  };`,
} as const;

/** One that reads the enroll secret, and fails to load with it. */
export function loadFailure(secretPath: string): string {
  return `import { readFileSync } from 'node:fs';
    throw new Error('cannot use ' + readFileSync('${secretPath}', 'utf8').trim());`;
}
