import type { MessagePort } from 'node:worker_threads';
import { RemoteError } from './error.ts';
import type { RecentSecrets } from './secrets.ts';

/** The last that is heard of a thread. */
export interface LastWords {
  readonly failure: string;
}

/**
 * Ends the thread when an error is caught by nobody, and says why without secrets: such an error is mostly one of the
 * user's code, which may quote the request at which it happened. Left to Node, it would cross as it is.
 */
export function tellOfEnd(parent: Pick<MessagePort, 'postMessage'>, recent: RecentSecrets): void {
  process.on('uncaughtException', (error) => {
    const text = RemoteError.from(error).message.replace(/^internal: /, '');
    parent.postMessage({ failure: recent.scrub(text) } satisfies LastWords);
    process.exit(1);
  });
}
