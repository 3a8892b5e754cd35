export { type OsquerydProgram, realOsqueryd, standIn, UnusableOsqueryd } from './locate.ts';
export type { OsquerydEnd, OsquerydProcess, Stopped } from './osqueryd-process.ts';
export type { RunningProcess } from './processes.ts';
export { ExtensionMissing, Rig, type RigOptions } from './rig.ts';
