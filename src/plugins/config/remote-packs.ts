import type { Complaints } from '../complaints.ts';
import type { Store } from '../store/index.ts';
import { type FetchOptions, fetchConfig, tellOf } from './fetch-config.ts';

const answerMs = 55_000;
const answerWithFallbackMs = 25_000;

export interface RemotePacksOptions extends Pick<FetchOptions, 'api' | 'clock' | 'version' | 'signal'> {
  readonly store: Store;
  /** `tls_hostname` */
  readonly hostname: () => string;
  readonly complaints: Complaints;
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void;
}

/**
 * Packs that a configuration names by text: `"packs": {"incident": "/packs/incident"}` is fetched from the same server,
 * in the same way as the configuration. `*` is an object of packs. The last good one is kept: osqueryd drops the queries
 * of a pack that it does not get.
 */
export class RemotePacks {
  readonly #options: RemotePacksOptions;

  constructor(options: RemotePacksOptions) {
    this.#options = options;
  }

  /**
   * @param value a path on the server, or its whole URL
   * @throws {Error} with the reason, when there is none
   */
  async genPack(name: string, value: string): Promise<string> {
    const { store, hostname, log } = this.#options;
    const path = pathOn(hostname(), value);
    if (path === undefined) {
      throw new Error(
        `pack ${name}: "${value}" is neither a path that starts with / nor a URL of https://${hostname()}/`,
      );
    }
    const key = `pack!${name}!${path}`;
    const last = await store.get<string>(key);
    const limitMs = last === undefined ? answerMs : answerWithFallbackMs;
    const fetched = await fetchConfig({ ...this.#options, limitMs, path });
    tellOf(`pack ${name}`, fetched, last !== undefined, this.#options);
    if (fetched.kind === 'config') {
      if (fetched.text !== last) {
        await store
          .put(key, fetched.text)
          .catch((error: unknown) => log('warning', `pack ${name}: it could not be kept: ${error}`));
      }
      return fetched.text;
    }
    if (last === undefined) throw new Error(fetched.reason);
    return last;
  }
}

/** The node key goes with the request, so only to the server that has issued it. */
function pathOn(hostname: string, value: string): string | undefined {
  const own = `https://${hostname}/`;
  if (value.startsWith(own)) return value.slice(own.length - 1);
  return value.startsWith('/') ? value : undefined;
}
