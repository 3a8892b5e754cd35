import type { Core } from './core.ts';
import type { ServerControl } from './server.ts';

const pollMs = 500;
const pluginKey = 'distributed/remote';

/** How long an answer to the question for a query's results may take. */
const followMs = 5_000;

/**
 * The distributed loop of osqueryd, and the operator who asks. Every query has a result of its own, and one that
 * `writeResults` answered with 0 must reach the server.
 */
export class Distributed {
  /** Queries of which the result was accepted. */
  readonly accepted = new Set<string>();
  /** Polls that were answered with a failure, which osqueryd does not mind: it asks again. */
  failedPolls = 0;
  /** Results that were answered with something else than 0, or not while the extension lived. */
  readonly failures: string[] = [];
  readonly #core: Core;
  readonly #server: ServerControl;
  readonly #asked = new Map<string, string>();
  /** Results that osqueryd keeps until they are taken. */
  readonly #unsent = new Map<string, string>();
  #running = true;

  constructor(core: Core, server: ServerControl) {
    this.#core = core;
    this.#server = server;
  }

  /** Makes a query, if the server is there. */
  async ask(): Promise<void> {
    const sql = `SELECT 'chaos-${this.#asked.size + 1}' AS answer`;
    try {
      const { id } = JSON.parse(await this.#server.operate('POST', '/api/queries', { sql }));
      this.#asked.set(id, sql);
    } catch {
      // The server is away just now.
    }
  }

  stop(): void {
    this.#running = false;
  }

  async run(): Promise<void> {
    while (this.#running) {
      if (this.#core.has(pluginKey)) await this.#round();
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Whether there is something that the extension did not take yet. */
  get pending(): number {
    return this.#unsent.size;
  }

  async #round(): Promise<void> {
    const reply = await this.#core.call('distributed', 'remote', new Map([['action', 'getQueries']]));
    if (reply.kind === 'answered' && reply.code !== 0) this.failedPolls++;
    if (reply.kind === 'answered' && reply.code === 0) {
      const { queries = {} } = JSON.parse(reply.rows[0]?.get('results') || '{}');
      for (const [id, sql] of Object.entries<string>(queries)) this.#unsent.set(id, sql);
    }
    if (this.#unsent.size === 0) return;
    const ids = [...this.#unsent.keys()];
    const results = JSON.stringify({
      queries: Object.fromEntries([...this.#unsent].map(([id, sql]) => [id, [{ answer: answerOf(sql) }]])),
      statuses: Object.fromEntries(ids.map((id) => [id, 0])),
      messages: Object.fromEntries(ids.map((id) => [id, ''])),
      stats: Object.fromEntries(
        ids.map((id) => [id, { wall_time_ms: 1, user_time: 1, system_time: 0, memory: 0 }]),
      ),
    });
    const request = new Map([
      ['action', 'writeResults'],
      ['results', results],
    ]);
    const written = await this.#core.call('distributed', 'remote', request);
    if (written.kind === 'answered' && written.code === 0) {
      for (const id of ids) this.accepted.add(id);
      this.#unsent.clear();
    } else if (written.kind === 'answered') {
      this.failures.push(`writeResults: answered with ${written.code} ${written.message}`);
    } else if (written.kind === 'unanswered' && !written.masked) {
      this.failures.push(`writeResults: ${written.reason}`);
    }
  }

  /** Accepted results that the server has otherwise, or (`rows` undefined) does not have. */
  async missing(): Promise<{ readonly id: string; readonly rows: string | undefined }[]> {
    const missing: { id: string; rows: string | undefined }[] = [];
    for (const id of this.accepted) {
      const sql = this.#asked.get(id);
      const rows = await this.#resultOf(id);
      if (sql !== undefined && rows !== JSON.stringify([{ answer: answerOf(sql) }]))
        missing.push({ id, rows });
    }
    return missing;
  }

  async #resultOf(id: string): Promise<string | undefined> {
    const text = await this.#server.operate('GET', `/api/queries/${id}/results`, undefined, followMs);
    for (const line of text.split('\n').filter((part) => part !== '')) {
      const item = JSON.parse(line);
      if (item.kind === 'result') return JSON.stringify(item.rows);
    }
    return undefined;
  }
}

function answerOf(sql: string): string {
  return /'(.*)'/.exec(sql)?.[1] ?? sql;
}
