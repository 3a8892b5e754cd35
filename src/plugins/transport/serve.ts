import type { MessagePort } from 'node:worker_threads';
import { within } from '../../clock/index.ts';
import { type Around, nothingAround } from './around.ts';
import { RemoteError } from './error.ts';
import { interpret } from './interpret.ts';
import type { KeyReply } from './key-hook.ts';
import type { FromTransport, ToTransport } from './messages.ts';
import type { TransportReply } from './outcome.ts';
import { packReply, unpack } from './pack.ts';
import { PortClock } from './port-clock.ts';
import { proxySecrets } from './prepare.ts';
import { Remote, type RemoteLog } from './remote.ts';
import { readSecret } from './secret.ts';
import { RecentSecrets, Secrets } from './secrets.ts';
import type { TransportSettings } from './settings.ts';

/** Gives the user's code. Rejects with what to say about it when it cannot be used. */
export type LoadAround = () => Around | Promise<Around>;

/** How long the user's module may take to load, with everything that it waits for. */
const loadMs = 15_000;

/**
 * The transport's end of the port: answers every request that was not cancelled, each with exactly one reply. Settings
 * come first.
 */
export function serveTransport(
  port: MessagePort,
  load: LoadAround = () => nothingAround,
  recent = new RecentSecrets(),
): void {
  const post = (message: FromTransport, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const log: RemoteLog = (level, text) => post({ type: 'log', level, text });
  const clock = new PortClock(post);
  const running = new Map<number, AbortController>();
  let settings: TransportSettings | undefined;
  let remote: Promise<Remote> | undefined;

  /** Calls wait for the user's module: without it they would leave the host in a form that is not wanted. */
  const start = async (first: TransportSettings): Promise<Remote> => {
    // What a module reads as it loads it may quote at once, and end the thread with it.
    recent.add(secretsAtStart(first));
    try {
      const loaded = load();
      const around =
        loaded instanceof Promise ? await within(clock, loadMs, () => loaded, { late: notLoaded }) : loaded;
      return new Remote(settings ?? first, clock, log, around, recent);
    } catch (error) {
      const text = error instanceof RemoteError ? error.message.replace(/^settings: /, '') : String(error);
      const broken = new RemoteError('settings', text, {
        secrets: new Secrets(secretsAtStart(settings ?? first)),
      });
      post({ type: 'broken', reason: broken.message });
      throw broken;
    }
  };

  const answer = async (message: Extract<ToTransport, { type: 'request' }>, signal: AbortSignal) => {
    const request = unpack(message.request);
    let ready: Remote | undefined;
    try {
      ready = await remote;
    } catch (error) {
      return { outcome: interpret(request.endpoint, RemoteError.from(error)), attempts: 0 };
    }
    signal.throwIfAborted();
    return ready?.call(request, signal);
  };

  const run = async (message: Extract<ToTransport, { type: 'request' }>) => {
    const { id } = message;
    const stop = new AbortController();
    running.set(id, stop);
    try {
      const given: TransportReply | undefined = await answer(message, stop.signal);
      if (given === undefined) return;
      const { reply, transfer } = packReply(given);
      post({ type: 'reply', id, reply }, transfer);
    } catch (error) {
      // Cancelled: nobody waits for a reply. Anything else is a defect, and ends this thread so that main learns of it.
      if (!stop.signal.aborted) throw error;
    } finally {
      running.delete(id);
    }
  };

  const askKey = async ({ id, request }: Extract<ToTransport, { type: 'key' }>) => {
    const reply = await (remote ?? Promise.reject(new RemoteError('worker', 'not started'))).then(
      ({ keys }) => keys.ask(request),
      (error): KeyReply => ({ kind: 'failed', reason: RemoteError.from(error).message }),
    );
    post({ type: 'key', id, reply });
  };

  port.on('message', (message: ToTransport) => {
    clock.heard(message);
    switch (message.type) {
      case 'settings':
        settings = message.settings;
        if (remote === undefined) remote = start(settings);
        else remote.then((ready) => ready.update(message.settings)).catch(() => {});
        remote.catch(() => {});
        break;
      case 'request':
        void run(message);
        break;
      case 'key':
        void askKey(message);
        break;
      case 'cancel':
        running.get(message.id)?.abort(new Error('cancelled'));
        break;
      case 'woke':
        clock.woke(message.id);
        break;
      case 'close':
        for (const stop of running.values()) stop.abort(new Error('closed'));
        remote?.then((ready) => ready.close()).catch(() => {});
        port.close();
        break;
    }
  });
}

/** What a module may have read before there was a request. */
function secretsAtStart(settings: TransportSettings): string[] {
  try {
    return [readSecret(settings), ...proxySecrets(settings)];
  } catch {
    return proxySecrets(settings);
  }
}

/** Code at the top of a module may wait for ever. */
const notLoaded = () =>
  new RemoteError('settings', `the transport module has not finished loading after ${loadMs / 1_000} s`);
