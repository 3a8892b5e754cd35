import type { Endpoint } from '../events.ts';
import { config } from './config.ts';
import { distributedRead } from './distributed-read.ts';
import { distributedWrite } from './distributed-write.ts';
import type { EndpointHandler } from './endpoint.ts';
import { enroll } from './enroll.ts';
import { log } from './log.ts';

export type { EndpointContext, EndpointHandler, EndpointRequest } from './endpoint.ts';

export const endpointHandlers: Readonly<Record<Endpoint, EndpointHandler>> = {
  enroll,
  config,
  log,
  distributed_read: distributedRead,
  distributed_write: distributedWrite,
};
