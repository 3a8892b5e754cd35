export { answer, jsonOf } from './answer.ts';
export type { Around, AttemptHandler, CallHandler } from './around.ts';
export { delivered, tryAgain } from './call-reply.ts';
export { startTransport, type Transport, type TransportOptions } from './client.ts';
export { defineTransport, type NodeKeyStore, type TransportModule } from './define.ts';
export { RemoteError, type RemoteErrorCode } from './error.ts';
export { encoded } from './gzip.ts';
export { inProcess, inWorker, type SpawnTransport, type TransportHost, type WorkerOptions } from './host.ts';
export { type InterpretOptions, interpret } from './interpret.ts';
export { membersOf } from './json-scan.ts';
export type { KeyReply, KeyRequest } from './key-hook.ts';
export type { Line, LineHook, LineObject, LineStream } from './line-hook.ts';
export { linesOf, type SentLine } from './lines-of.ts';
export type { LogLevel } from './messages.ts';
export type {
  AttemptAnswer,
  AttemptMiddleware,
  AttemptRequest,
  CallMiddleware,
  CallRequest,
  Layer,
  Layers,
  Middleware,
} from './middleware.ts';
export { moduleVariable } from './module-file.ts';
export type { Outcome, TransportReply } from './outcome.ts';
export { isExempt, openTunnel, type ProxyAddress, parseProxy } from './proxy.ts';
export type { HttpReply } from './reply.ts';
export type {
  ConfigCall,
  DistributedReadCall,
  DistributedWriteCall,
  Endpoint,
  EnrollCall,
  LogCall,
  TransportRequest,
} from './request.ts';
export { RequestHeaders } from './request-headers.ts';
export type { TransportSettings } from './settings.ts';
