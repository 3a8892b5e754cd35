export { parseObject, readBody } from './body.ts';
export { ClientGone, HttpError, Refusal } from './http-error.ts';
export { authenticate, type NodeKeyPlace } from './node-key.ts';
export { jsonReply, type Reply, writeReply } from './reply.ts';
export { isOneOf } from './secrets.ts';
