/**
 * The `remote` plugins as an extension (`runRemote`), the outbox behind them, and `defineTransport`, with which your own
 * code stands between osqueryd and the server.
 */
export {
  type Batch,
  type BatchRecord,
  type Caps,
  type Deliver,
  type Delivery,
  defaultCaps,
  type ForwardSettings,
  Outbox,
  type OutboxOptions,
  type StreamStats,
} from './outbox/index.ts';
export { RemotePlugins } from './remote-plugins.ts';
export { runRemote } from './run-remote.ts';
export { Service, type ServiceOptions } from './service.ts';
export * from './transport/index.ts';
