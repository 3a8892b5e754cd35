export { Database } from './database.ts';
export type { EventSink, StandInEvent, WorkerEnd } from './events.ts';
export type { PluginCall } from './extension-calls.ts';
export {
  type ExtensionLaunch,
  type ExtensionProcess,
  type SpawnExtension,
  spawnExtension,
} from './extension-process.ts';
export { FlagError, type FlagInfo, Flags } from './flags.ts';
export { type StandInOptions, StandInOsqueryd } from './stand-in.ts';
export type { PluginReply, Row, Status } from './status.ts';
