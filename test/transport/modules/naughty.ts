import { defineTransport } from 'osquery-remote';

/** User code that does what the node key says. */
export default defineTransport({
  call: {
    config(request, next) {
      if (request.nodeKey === 'reject-call')
        throw new Error('it does not like reject-call nor a-made-up-secret');
      return next(request);
    },
  },
  async attempt(request, next) {
    switch (request.headers.get('authorization')?.replace('NodeKey ', '')) {
      case 'exit':
        process.exit(3);
        break;
      case 'throw-later':
        setImmediate(() => {
          throw new Error('out of the blue');
        });
        return next(request);
      case 'reject':
        throw new Error('the middleware does not like a-made-up-secret');
      case 'reject-nothing':
        throw undefined;
      case 'spin':
        for (;;);
      case 'leak': {
        const leak: unknown[] = [];
        for (;;) leak.push(new Array(100_000).fill({ a: leak.length }));
      }
      case 'hang':
        return new Promise(() => {});
      default:
        return next(request);
    }
  },
});
