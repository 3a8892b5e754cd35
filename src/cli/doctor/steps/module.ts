import { moduleVariable } from '../../../plugins/transport/index.ts';
import { withTransport } from '../conversation.ts';
import { failure, ok, type Step } from '../step.ts';

/** The transport module, loaded as the extension does it. */
export const module: Step = {
  name: 'module',
  needs: [],
  async check(host) {
    const path = host.env[moduleVariable];
    if (!path) return [ok('none')];
    return withTransport(host, async (transport) => {
      const reply = await transport.nodeKey({ kind: 'load' }, host.signal);
      if (reply.kind === 'failed')
        return [
          failure(reply.reason.replace(/^settings: /, ''), 'nothing leaves the host until it is mended'),
        ];
      if (reply.kind === 'loaded' && reply.nodeKey !== '') host.nodeKey = reply.nodeKey;
      return [ok(reply.kind === 'loaded' ? `${path}, which keeps the node key itself` : path)];
    });
  },
};
