export {
  CertificateAuthority,
  type CertificateOptions,
  type CertificatePair,
} from './certificates.ts';
export { ConfigError } from './config-source.ts';
export type { Followed, NewQuery, QueryResult } from './distributed/index.ts';
export type { Endpoint, ServerEvent, ServerEvents, TimedEvent } from './events.ts';
export type {
  Fault,
  FaultReply,
  FaultRule,
  FaultScript,
  Intercept,
  InterceptedRequest,
} from './faults.ts';
export type { NodeKeyPlace } from './http/index.ts';
export type { AcceptedLines, LogStream } from './lines/index.ts';
export { defaultLimits, defaultPaths, type ServerOptions, type ServerTls } from './options.ts';
export { createServer, ReferenceServer } from './server.ts';
export { type StoredNode, StoreError } from './store/index.ts';
