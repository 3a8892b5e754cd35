export { startTransport, type Transport, type TransportOptions } from './client.ts';
export { RemoteError, type RemoteErrorCode } from './error.ts';
export { inProcess, inWorker, type SpawnTransport, type TransportHost } from './host.ts';
export { type InterpretOptions, interpret } from './interpret.ts';
export type { LogLevel } from './messages.ts';
export type { Outcome, TransportReply } from './outcome.ts';
export type { Around, AttemptHandler, CallHandler } from './remote.ts';
export type {
  ConfigCall,
  DistributedReadCall,
  DistributedWriteCall,
  Endpoint,
  EnrollCall,
  LogCall,
  TransportRequest,
} from './request.ts';
export type { TransportSettings } from './settings.ts';
