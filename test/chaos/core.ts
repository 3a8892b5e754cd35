import { existsSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type LiteMessage, type LiteValue, readMessage, textField } from '../stand-in/thrift-lite.ts';
import { CoreDatabase, hostRows, optionsReply, type Row, requestOf } from './core-data.ts';
import {
  callFields,
  type PluginOutcome,
  pluginsOf,
  readOutcome,
  response,
  status,
  structOf,
} from './core-replies.ts';
import { callOnce, encode, reply, type Wire, wireTypes } from './wire.ts';

/** The process that a registration came from. */
export interface Child {
  /** Set before it is killed. */
  readonly doomed: boolean;
}

interface Registration {
  readonly uuid: number;
  readonly name: string;
  readonly plugins: ReadonlySet<string>;
  readonly child: Child | undefined;
  readonly atMs: number;
  /** Whether it ever answered on its socket. */
  answered: boolean;
}

/** osqueryd's limit for the ping before a call. */
const pingLimitMs = 10_000;
/** `--thrift_timeout`. */
const callLimitMs = 300_000;
/** How long after its registration an extension may need until it listens. */
const listenMs = 3_000;

/**
 * The part of osqueryd that an extension talks to, written for this test alone: it shares no code with the product.
 * Calls into plugins go as osqueryd makes them: a ping on a connection of its own, then the call on another.
 */
export class Core {
  readonly socketPath: string;
  /** Milliseconds of each ping and call that was answered. */
  readonly pingTimes: number[] = [];
  readonly callTimes: number[] = [];
  /** The process to which registrations are ascribed. */
  child: Child | undefined;
  readonly #flags: () => Readonly<Record<string, string>>;
  #options: Wire = { list: [], of: 0 };
  readonly #intervalMs: number;
  readonly #database = new CoreDatabase();
  readonly #registered = new Map<number, Registration>();
  readonly #sockets = new Set<Socket>();
  readonly #log: (text: string) => void;
  #server: Server | undefined;
  #watch: NodeJS.Timeout | undefined;
  #nextUuid = 1000;
  #changed: () => void = () => {};
  #change: Promise<void>;

  constructor(options: {
    readonly socketPath: string;
    /** Asked at the start. */
    readonly flags: () => Readonly<Record<string, string>>;
    readonly intervalMs: number;
    readonly log: (text: string) => void;
  }) {
    this.socketPath = options.socketPath;
    this.#flags = options.flags;
    this.#intervalMs = options.intervalMs;
    this.#log = options.log;
    this.#change = this.#newChange();
  }

  async start(): Promise<void> {
    this.#options = optionsReply(this.#flags());
    rmSync(this.socketPath, { force: true });
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
    this.#tick();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#watch);
    this.#watch = undefined;
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  /** Whether a living process has registered this plugin. */
  has(plugin: string): boolean {
    const route = this.#route(plugin);
    return route !== undefined && route.child?.doomed === false;
  }

  /** Whether core still counts on this process. */
  isRegistered(child: Child): boolean {
    return [...this.#registered.values()].some((one) => one.child === child);
  }

  /** Resolves when something has registered or gone. */
  changed(): Promise<void> {
    return this.#change;
  }

  /** Pings who has registered this plugin, as before a call. @returns milliseconds, or what went wrong. */
  async ping(plugin: string): Promise<number | string> {
    const route = this.#route(plugin);
    if (route === undefined) return 'nobody is registered';
    const from = performance.now();
    const result = await callOnce(this.#pathOf(route), 'ping', { struct: [] }, pingLimitMs);
    return result.kind === 'answer' ? performance.now() - from : result.reason;
  }

  /** Calls a plugin. Never throws. */
  async call(registry: string, item: string, request: Row): Promise<PluginOutcome> {
    const route = this.#route(`${registry}/${item}`);
    if (route === undefined) return { kind: 'no route' };
    const path = this.#pathOf(route);
    const pinged = performance.now();
    const ping = await callOnce(path, 'ping', { struct: [] }, pingLimitMs);
    if (ping.kind !== 'answer') {
      const isNew = !route.answered && performance.now() - route.atMs < listenMs;
      const masked = isNew || died(route.child);
      return { kind: 'not available', reason: `ping: ${ping.reason}`, masked };
    }
    route.answered = true;
    this.pingTimes.push(performance.now() - pinged);
    const started = performance.now();
    const args = { struct: callFields(registry, item, request) };
    const result = await callOnce(path, 'call', args, callLimitMs);
    if (result.kind === 'answer') this.callTimes.push(performance.now() - started);
    return readOutcome(result, died(route.child));
  }

  #route(plugin: string): Registration | undefined {
    return [...this.#registered.values()].find(({ plugins }) => plugins.has(plugin));
  }

  #pathOf({ uuid }: Registration): string {
    return `${this.socketPath}.${uuid}`;
  }

  #newChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  #tell(): void {
    this.#changed();
    this.#change = this.#newChange();
  }

  /** One failed ping, and the extension is forgotten. */
  #tick(): void {
    this.#watch = setTimeout(async () => {
      for (const one of [...this.#registered.values()]) {
        if (!one.answered && performance.now() - one.atMs < listenMs && !existsSync(this.#pathOf(one)))
          continue;
        const result = await callOnce(this.#pathOf(one), 'ping', { struct: [] }, callLimitMs);
        const status = result.kind === 'answer' ? structOf(result.message.body.get(0)) : undefined;
        if (status !== undefined && status.get(1) !== 1) continue;
        this.#log(`core: extension ${one.name} (${one.uuid}) has gone away`);
        this.#registered.delete(one.uuid);
        this.#tell();
      }
      if (this.#watch !== undefined) this.#tick();
    }, this.#intervalMs);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let held: Buffer = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (piece) => {
      held = Buffer.concat([held, piece]);
      for (let message = readMessage(held); message !== undefined; message = readMessage(held)) {
        held = held.subarray(message.length);
        const answer = { struct: this.#answer(message) };
        socket.write(encode(message.name, reply, message.seqid, answer));
      }
    });
  }

  #answer({ name, body }: LiteMessage): (readonly [number, Wire])[] {
    switch (name) {
      case 'ping':
        return [[0, status(0, 'pong')]];
      case 'options':
        return [[0, this.#options]];
      case 'extensions':
        return [[0, this.#extensions()]];
      case 'registerExtension':
        return [[0, this.#register(body.get(1), body.get(2))]];
      case 'deregisterExtension': {
        const known = this.#registered.delete(Number(body.get(1)));
        this.#tell();
        return [[0, known ? status(0, 'OK') : status(1, 'No extension UUID found')]];
      }
      case 'query':
        return [[0, response(hostRows(textField(body, 1)))]];
      case 'getQueryColumns':
        return [[0, response([])]];
      case 'call':
        return [[0, this.#callOfCore(textField(body, 1), textField(body, 2), requestOf(body.get(3)))]];
      default:
        return [];
    }
  }

  #callOfCore(registry: string, item: string, request: Map<string, string>): Wire {
    if (registry === 'database') return response(this.#database.call(request));
    if (registry === 'table') return response(hostRows(item));
    if (registry === 'config' && item === 'update') return response([]);
    return response(undefined, `Cannot call registry item: ${item}`);
  }

  #register(info: LiteValue | undefined, registry: LiteValue | undefined): Wire {
    const name = textField(structOf(info) ?? new Map(), 1);
    const plugins = pluginsOf(registry);
    const others = [...this.#registered.values()];
    if (others.some((other) => other.name === name)) return status(1, 'Duplicate extension registered');
    const taken = plugins.find((plugin) => others.some((other) => other.plugins.has(plugin)));
    if (taken !== undefined) {
      const item = taken.split('/')[1];
      return status(
        1,
        `Failed adding registry: Registry item ${item} conflicts with another item of the same name.`,
      );
    }
    const uuid = this.#nextUuid++;
    const child = this.child;
    this.#registered.set(uuid, {
      uuid,
      name,
      plugins: new Set(plugins),
      child,
      atMs: performance.now(),
      answered: false,
    });
    this.#log(`core: extension ${name} registered as ${uuid}`);
    this.#tell();
    return status(0, 'OK', uuid);
  }

  #extensions(): Wire {
    const info = (name: string): Wire => ({
      struct: [
        [1, { text: name }],
        [2, { text: '1' }],
        [3, { text: '5.23.0' }],
        [4, { text: '' }],
      ],
    });
    const map = [
      [{ i64: 0 }, info('core')] as const,
      ...[...this.#registered.values()].map(({ uuid, name }) => [{ i64: uuid }, info(name)] as const),
    ];
    return { map, keys: wireTypes.i64, values: wireTypes.struct };
  }
}

/** The kernel closes a process's sockets before its parent learns of its end; only we kill, and say so before. */
function died(child: Child | undefined): boolean {
  return child === undefined || child.doomed;
}
