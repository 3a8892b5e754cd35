import type { Cell, ConfigFate, Endpoint } from '../cell.ts';
import { type Arrival, type Certificates, honestQueries } from '../server/index.ts';
import type { Host, OpenSubject } from '../subject/index.ts';
import { keyFate } from './key-fate.ts';
import { lineFate } from './line-fate.ts';
import { nextAttempt } from './next-attempt.ts';
import type { Observed } from './observed.ts';
import { Stage } from './stage.ts';

/** The longest that lines may take to their end once the server is well. */
const drainMs = 300_000;
/** The same where the client rests between enrollments, because no key of the server is worth anything. */
const stormMs = 1_200_000;
/** So long it is watched that nothing is sent twice. */
const afterMs = 60_000;

const oneLine = ['{"name":"a","columns":{"pid":"1"},"action":"added"}'];
const oneResult = ['{"queries":{"q1":[{"a":"1"}]},"statuses":{"q1":0}}'];

/** Plays one cell. @throws when the client does something that no cell has a word for */
export async function play(
  cell: Cell,
  certificates: Certificates,
  open: OpenSubject,
  log: Host['log'],
): Promise<Observed> {
  await using stage = await Stage.set(cell, certificates, open, log);
  return await new Play(cell, stage).run();
}

class Play {
  readonly #cell: Cell;
  readonly #stage: Stage;
  readonly #problems: string[] = [];
  #handed: readonly string[] = [];

  constructor(cell: Cell, stage: Stage) {
    this.#cell = cell;
    this.#stage = stage;
  }

  async run(): Promise<Observed> {
    const { server, clock } = this.#stage;
    const { endpoint, script, expected } = this.#cell;
    await this.#prepare();
    const begun = { at: clock.monotonic(), seen: endpoint === 'enroll' ? 0 : server.arrivals.length };
    const made = endpoint === 'enroll' ? 0 : this.#stage.subject.requests();
    const { call } = await this.#begin();
    // A refused connection is nothing that a server sees.
    if (script.act.kind === 'connection' && script.act.fault === 'refuse') await this.#stage.begun(made + 1);
    else if (!(await this.#stage.arrived(begun.seen + 1, () => true))) {
      this.#problems.push('nothing came to the server');
    }
    await this.#stage.settle();
    if (script.hits === 'first' && script.act.kind === 'connection') await server.heal();
    const next = await nextAttempt(this.#cell, this.#stage, begun, call);
    let given = call && (await this.#stage.answered(call));
    const requestsInAnHour = expected.inAnHour && (await this.#hour(expected.inAnHour.endpoint));
    if (script.hits !== 'always' && typeof script.hits === 'string') await server.heal();
    const config = await this.#config(endpoint === 'config', given);
    if (endpoint === 'distributed_read') await this.#readAgain();
    else given = undefined;
    await this.#finishLines();
    const { arrivals, honest } = server;
    return {
      line: lineFate(this.#cell, {
        handed: this.#handed,
        arrivals,
        quarantined: await this.#stage.subject.quarantined(),
        waiting: this.#stage.subject.waiting(),
      }),
      config,
      key: keyFate(this.#cell, arrivals, honest.enrolled),
      next,
      queries: given,
      reported: failedIds(arrivals),
      requestsInAnHour,
      problems: [...this.#problems, ...this.#misdeeds()],
    };
  }

  /** What was there before the server misbehaves. */
  async #prepare(): Promise<void> {
    const { subject, server } = this.#stage;
    const { endpoint, script, given } = this.#cell;
    if (endpoint === 'enroll') return;
    if (given.lastGood !== false) {
      const config = await this.#stage.answered(subject.genConfig());
      if (configOf(config) !== 'version 1') throw new Error(`no configuration to begin with: ${config}`);
      // osqueryd applies it, and its flags are read again.
      await this.#stage.pass(2_000);
    }
    if (given.restarted === true) await this.#stage.restart();
    server.honest.version = 2;
    await server.arm(endpoint, script);
    await this.#stage.settle();
  }

  /** Does what brings the client to the endpoint. @returns the call of osqueryd that waits for it */
  async #begin(): Promise<{ readonly call?: Promise<string | undefined> }> {
    const { subject, server } = this.#stage;
    const { endpoint, given } = this.#cell;
    server.honest.version = 2;
    switch (endpoint) {
      case 'config':
        return { call: subject.genConfig() };
      case 'distributed_read':
        return { call: subject.getQueries() };
      case 'distributed_write':
        await this.#handOver(given.results ?? oneResult);
        return {};
      default:
        await this.#handOver(given.lines ?? oneLine);
        return {};
    }
  }

  async #handOver(texts: readonly string[]): Promise<void> {
    const { subject } = this.#stage;
    const write = this.#cell.endpoint === 'distributed_write';
    this.#handed = texts;
    const codes = texts.map((text) => (write ? subject.writeResults(text) : subject.string(text)));
    for (const code of await Promise.all(codes)) {
      if (code !== 0)
        this.#problems.push(`osqueryd was answered with code ${code} when it handed over a line`);
    }
  }

  /** osqueryd's refreshes for an hour. @returns the requests of that hour, with those before */
  async #hour(where: Endpoint): Promise<number> {
    const { server, subject, clock } = this.#stage;
    const end = clock.monotonic() + 3_600_000;
    while (clock.monotonic() < end) {
      await this.#stage.answered(subject.genConfig());
      await this.#stage.goOn(Math.min(300_000, Math.max(0, end - clock.monotonic())));
    }
    return server.arrivals.filter(({ endpoint }) => endpoint === where).length;
  }

  /** What osqueryd has: what it was given, or when it was not about that, what it is given now. */
  async #config(asked: boolean, given: string | undefined): Promise<ConfigFate | string> {
    const { subject } = this.#stage;
    if (!asked) return this.#fate(await this.#stage.answered(subject.genConfig()));
    const fate = this.#fate(given);
    if (this.#cell.expected.config === 'pushed') {
      const { version } = this.#stage.server.honest;
      await this.#stage.until(() => subject.pushed() !== undefined, drainMs);
      return fate === 'none' && configOf(subject.pushed()) === `version ${version}`
        ? 'pushed'
        : `${fate}, not pushed`;
    }
    if (this.#cell.script.hits !== 'always') {
      const later = this.#fate(await this.#stage.answered(subject.genConfig()));
      if (later !== 'new') this.#problems.push(`the server is well again, and osqueryd is given: ${later}`);
    }
    return fate;
  }

  #fate(config: string | undefined): ConfigFate | string {
    if (config?.includes('node_invalid'))
      this.#problems.push('osqueryd was given node_invalid in its configuration');
    const version = configOf(config);
    if (version === 'version 2') return 'new';
    if (version === 'version 1') return 'last good';
    return config === undefined ? 'none' : `strange: ${config.slice(0, 80)}`;
  }

  async #readAgain(): Promise<void> {
    const { subject } = this.#stage;
    const text = await this.#stage.answered(subject.getQueries());
    if (this.#cell.script.hits === 'always' || text === JSON.stringify(honestQueries)) return;
    this.#problems.push(`the server is well again, and osqueryd is given the queries: ${text}`);
  }

  async #finishLines(): Promise<void> {
    const { subject } = this.#stage;
    if (this.#handed.length === 0) await this.#handOver(oneLine);
    const storm = this.#cell.expected.inAnHour !== undefined;
    await this.#stage.until(() => subject.waiting() === 0, storm ? stormMs : drainMs);
    await this.#stage.pass(afterMs);
  }

  #misdeeds(): string[] {
    const { server, subject } = this.#stage;
    const misdeeds = [...new Set(server.problems)];
    if (server.strayed > 0) misdeeds.push('a redirect to somebody else was followed');
    if (subject.dropped() > 0) misdeeds.push(`${subject.dropped()} lines were dropped`);
    return misdeeds;
  }
}

/** The ids that distributed writes report with a status that is not 0. */
function failedIds(arrivals: readonly Arrival[]): string[] {
  const writes = arrivals.filter(({ endpoint, accepted }) => endpoint === 'distributed_write' && accepted);
  const statuses = writes.flatMap(({ lines }) =>
    lines.flatMap((line) => Object.entries((JSON.parse(line) as { statuses?: object }).statuses ?? {})),
  );
  return statuses.filter(([, status]) => status !== 0).map(([id]) => id);
}

/** Which configuration of the server this is. */
function configOf(text: string | undefined): string | undefined {
  const version = /"version_(\d+)"/.exec(text ?? '')?.[1];
  return version === undefined ? undefined : `version ${version}`;
}
