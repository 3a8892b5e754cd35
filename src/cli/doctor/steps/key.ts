import { type Finding, ok, type Step, skipped } from '../step.ts';

const keyMs = 10_000;

/** Finds the node key for the endpoints. It is never shown. */
export const key: Step = {
  name: 'key',
  needs: [],
  async check(host): Promise<readonly Finding[]> {
    if (host.nodeKey !== undefined)
      return [ok(host.enroll ? 'the new one' : 'the one that the transport module keeps')];
    if (host.osqueryd === undefined) {
      return [
        skipped('not known, since osqueryd does not run: start it, or let the doctor enroll (--enroll)'),
      ];
    }
    const options = { timeoutMs: keyMs, signal: host.signal };
    const stored = await host.osqueryd.database.get('configurations', 'nodeKey', options);
    if (stored === undefined || stored === '')
      return [skipped('osqueryd has none yet; the doctor can enroll (--enroll)')];
    host.nodeKey = stored;
    return [ok("the one in osquery's database")];
  },
};
