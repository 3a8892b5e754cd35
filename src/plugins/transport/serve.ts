import type { MessagePort } from 'node:worker_threads';
import type { FromTransport, ToTransport } from './messages.ts';
import { packReply, unpack } from './pack.ts';
import { PortClock } from './port-clock.ts';
import { type Around, Remote, type RemoteLog } from './remote.ts';

/**
 * The transport's end of the port: answers every request that was not cancelled, each with exactly one reply. Settings
 * come first.
 */
export function serveTransport(port: MessagePort, around?: Around): void {
  const post = (message: FromTransport, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const log: RemoteLog = (level, text) => post({ type: 'log', level, text });
  const clock = new PortClock(post);
  const running = new Map<number, AbortController>();
  let remote: Remote | undefined;

  const run = async (id: number, message: Extract<ToTransport, { type: 'request' }>) => {
    const stop = new AbortController();
    running.set(id, stop);
    try {
      const answer = await remote?.call(unpack(message.request), stop.signal);
      if (answer === undefined) return;
      const { reply, transfer } = packReply(answer);
      post({ type: 'reply', id, reply }, transfer);
    } catch (error) {
      // Cancelled: nobody waits for a reply. Anything else is a defect, and ends this thread so that main learns of it.
      if (!stop.signal.aborted) throw error;
    } finally {
      running.delete(id);
    }
  };

  port.on('message', (message: ToTransport) => {
    clock.heard(message);
    switch (message.type) {
      case 'settings':
        if (remote === undefined) remote = new Remote(message.settings, clock, log, around);
        else remote.update(message.settings);
        break;
      case 'request':
        void run(message.id, message);
        break;
      case 'cancel':
        running.get(message.id)?.abort(new Error('cancelled'));
        break;
      case 'woke':
        clock.woke(message.id);
        break;
      case 'close':
        for (const stop of running.values()) stop.abort(new Error('closed'));
        remote?.close();
        port.close();
        break;
    }
  });
}
