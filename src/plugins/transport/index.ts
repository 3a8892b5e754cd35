export type { Outcome, TransportReply } from './outcome.ts';
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
