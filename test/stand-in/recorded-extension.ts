import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { VirtualClock } from '../../src/testing/index.ts';
import type { ExtensionLaunch, ExtensionProcess } from '../../src/testing/osqueryd/index.ts';
import { laneOf, type RecordedAnswer, type RecordedCall } from './lanes.ts';
import { type LiteMessage, readMessage } from './thrift-lite.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** A call that the stand-in made. */
export interface SeenCall {
  readonly tMs: number;
  readonly lane: string;
  readonly message: LiteMessage;
}

/** What came back on a connection to the manager, beside what was recorded there. */
export interface SeenReply {
  readonly tMs: number;
  readonly recorded: Buffer | 'closed';
  readonly seen: Buffer | 'closed' | 'nothing';
}

/** An answer takes some time in core's threads too, so that their loops drift apart as the recorded ones did. */
const leastAnswerMs = 1;

/** A socket file that was seen to be gone is gone here at most so much later. */
const fileToleranceMs = 100;

type ConnEvent = Extract<TraceEvent, { conn: number }>;

/** Everything that the recorded extension processes see and do, shared between them. */
export class Recording {
  readonly calls: SeenCall[] = [];
  readonly replies: SeenReply[] = [];
  readonly launches: ExtensionLaunch[] = [];
  /** Socket files that the recorded core had deleted and the stand-in has not. */
  readonly leftFiles: string[] = [];
  /** Goes up with everything that happens on a socket. */
  activity = 0;
  readonly trace: Trace;
  readonly clock: VirtualClock;
  readonly managerPath: string;
  readonly #answers = new Map<string, RecordedAnswer[]>();
  readonly #pings: RecordedCall[] = [];
  readonly #used = new Map<string, number>();

  constructor(trace: Trace, recorded: readonly RecordedCall[], clock: VirtualClock, managerPath: string) {
    this.trace = trace;
    this.clock = clock;
    this.managerPath = managerPath;
    for (const call of recorded) {
      if (call.lane === 'ping') this.#pings.push(call);
      else this.#answers.set(call.lane, [...(this.#answers.get(call.lane) ?? []), call.answer]);
    }
  }

  /** Starts the next recorded process in place of a child. */
  readonly spawn = (launch: ExtensionLaunch): ExtensionProcess => {
    this.launches.push(launch);
    return new RecordedProcess(this, this.launches.length);
  };

  /** The recorded answer to the n-th call of a lane; pings are answered as at that time of the recording. */
  answerTo(lane: string): RecordedAnswer | undefined {
    if (lane === 'ping') {
      const now = this.clock.monotonic();
      return (this.#pings.findLast(({ tMs }) => tMs <= now + 100) ?? this.#pings[0])?.answer;
    }
    const answers = this.#answers.get(lane) ?? [];
    const used = this.#used.get(lane) ?? 0;
    this.#used.set(lane, used + 1);
    return answers[used] ?? answers.at(-1);
  }

  async until(tMs: number): Promise<void> {
    const wait = tMs - this.clock.monotonic();
    if (wait > 0) await this.clock.sleep(wait);
  }
}

/** One run of the recorded extension. It does at the recorded times what the recorded one did. */
class RecordedProcess implements ExtensionProcess {
  readonly pid: number;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly #recording: Recording;
  #settle: (end: { code: number | null; signal: string | null }) => void = () => {};
  #server: Server | undefined;
  #path: string | undefined;
  readonly #sockets = new Set<Socket>();
  #over = false;

  constructor(recording: Recording, number: number) {
    this.#recording = recording;
    this.pid = 100_000 + number;
    this.exited = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const mine = recording.trace.events.filter((event) => 'process' in event && event.process === number);
    const connections = new Map<number, ConnEvent[]>();
    for (const event of mine) {
      if (event.kind === 'note') void this.#act(event.tMs, event.text);
      else if ('conn' in event && event.socket === 'manager') {
        connections.set(event.conn, [...(connections.get(event.conn) ?? []), event]);
      }
    }
    const talks: { readonly closedMs: number; readonly over: Promise<void> }[] = [];
    for (const events of connections.values()) {
      const openedMs = events[0]?.tMs ?? 0;
      // The recorded script did one thing after the other.
      const before = talks.filter(({ closedMs }) => closedMs <= openedMs).map(({ over }) => over);
      const over = Promise.all(before).then(() => this.#converse(events));
      talks.push({ closedMs: events.at(-1)?.tMs ?? openedMs, over });
    }
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (signal === 'SIGKILL') this.#end({ code: null, signal }, true);
  }

  /** @param leaveFile whether the socket file stays, as it does when a process is killed. */
  #end(end: { code: number | null; signal: string | null }, leaveFile: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#close(leaveFile);
    this.#settle(end);
  }

  #close(leaveFile: boolean): void {
    const path = this.#path;
    try {
      if (leaveFile && path !== undefined) linkSync(path, `${path}-left`);
    } catch {
      // The file is gone already.
    }
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    try {
      if (leaveFile && path !== undefined) renameSync(`${path}-left`, path);
    } catch {
      // As above.
    }
  }

  async #act(tMs: number, text: string): Promise<void> {
    const exit = /^extension exits (\d+)$/.exec(text);
    if (exit !== null) {
      await this.#recording.until(tMs);
      this.#end({ code: Number(exit[1]), signal: null }, false);
    } else if (text.startsWith('extension unlinks its own socket file')) {
      await this.#recording.until(tMs);
      if (this.#path !== undefined) rmSync(this.#path, { force: true });
    } else if (/^own socket file (has disappeared|at re-registration: ENOENT)/.test(text)) {
      const path = this.#path;
      await this.#recording.until(tMs + fileToleranceMs);
      // Meanwhile the extension may have got another path.
      if (path !== undefined && existsSync(path)) this.#recording.leftFiles.push(path);
    }
  }

  /** Plays one connection to the manager. */
  async #converse(events: readonly ConnEvent[]): Promise<void> {
    const recording = this.#recording;
    await recording.until(events[0]?.tMs ?? 0);
    if (this.#over) return;
    const stream = new MessageStream(connect(recording.managerPath), recording);
    this.#sockets.add(stream.socket);
    for (const event of events) {
      if (this.#over) return;
      if (event.kind === 'data' && event.from === 'extension') {
        await recording.until(event.tMs);
        stream.socket.write(event.bytes);
      } else if (event.kind === 'data') {
        const pending = {
          tMs: event.tMs,
          recorded: event.bytes,
          seen: 'nothing' as Buffer | 'closed' | 'nothing',
        };
        recording.replies.push(pending);
        pending.seen = await stream.next();
        if (pending.seen !== 'closed') await this.#afterReply(pending.seen);
      } else if (event.kind === 'close' && event.from === 'extension') {
        await recording.until(event.tMs);
        stream.socket.destroy();
      } else if (event.kind === 'close') {
        const pending = {
          tMs: event.tMs,
          recorded: 'closed' as const,
          seen: 'nothing' as Buffer | 'closed' | 'nothing',
        };
        recording.replies.push(pending);
        pending.seen = await stream.next();
      }
    }
    stream.socket.destroy();
  }

  /** The recorded extension listens under the id that it was given, where the recording says so. */
  async #afterReply(bytes: Buffer): Promise<void> {
    const message = readMessage(bytes);
    const status = message?.name === 'registerExtension' ? message.body.get(0) : undefined;
    const uuid = status instanceof Map ? status.get(3) : undefined;
    const listens = this.#recording.trace.events.some(
      (event) =>
        event.kind === 'note' && event.text.endsWith(`osq.em.${uuid}`) && event.text.includes('listens'),
    );
    if (!listens) return;
    this.#server?.close();
    this.#path = `${this.#recording.managerPath}.${uuid}`;
    rmSync(this.#path, { force: true });
    this.#server = createServer((socket) => void this.#serve(socket));
    this.#server.listen(this.#path);
  }

  async #serve(socket: Socket): Promise<void> {
    const recording = this.#recording;
    recording.activity += 1;
    this.#sockets.add(socket);
    const stream = new MessageStream(socket, recording);
    for (;;) {
      const bytes = await stream.next();
      if (bytes === 'closed') break;
      const message = readMessage(bytes);
      if (message === undefined) break;
      const lane = laneOf(message);
      const tMs = recording.clock.monotonic();
      recording.calls.push({ tMs, lane, message });
      await this.#answer(socket, recording.answerTo(lane), tMs);
    }
    this.#sockets.delete(socket);
    socket.destroy();
  }

  async #answer(socket: Socket, answer: RecordedAnswer | undefined, tMs: number): Promise<void> {
    for (const { afterMs, bytes } of answer?.pieces ?? []) {
      await this.#recording.until(tMs + Math.max(afterMs, leastAnswerMs));
      if (!socket.destroyed) socket.write(bytes);
    }
    if (answer?.closedAfterMs !== undefined) {
      await this.#recording.until(tMs + Math.max(answer.closedAfterMs, leastAnswerMs));
      socket.end();
    }
  }
}

/** Cuts what comes in on a socket into messages. */
class MessageStream {
  readonly socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #closed = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, recording: Recording) {
    this.socket = socket;
    const wake = () => {
      recording.activity += 1;
      this.#wake();
    };
    socket.on('error', () => {});
    socket.on('connect', wake);
    socket.on('data', (piece) => {
      this.#pieces.push(piece);
      wake();
    });
    socket.on('close', () => {
      this.#closed = true;
      wake();
    });
  }

  async next(): Promise<Buffer | 'closed'> {
    for (;;) {
      if (this.#pieces.length > 0) this.#held = Buffer.concat([this.#held, ...this.#pieces]);
      this.#pieces = [];
      const message = readMessage(this.#held);
      if (message !== undefined) {
        const bytes = this.#held.subarray(0, message.length);
        this.#held = this.#held.subarray(message.length);
        return bytes;
      }
      if (this.#closed) return 'closed';
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
