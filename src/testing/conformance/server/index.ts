export { Certificates } from './certificates.ts';
export { honestQueries } from './honest.ts';
export type { Act, ConnectionFault, Script, ScriptedReply } from './script.ts';
export { type Arrival, ScriptedServer } from './scripted-server.ts';
