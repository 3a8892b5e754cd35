/**
 * What a client must make of the answers of real servers, as a table of cells, and what plays them: `runConformance`. It
 * judges these plugins (also with your transport module in between), or any other client that you make a `Subject` of.
 */
export type {
  Cell,
  ConfigFate,
  Endpoint as ConformanceEndpoint,
  Expected,
  Given,
  KeyFate,
  LineFate,
  Next,
} from './cell.ts';
export { cells as conformanceCells } from './cells/index.ts';
export { conformanceCommand } from './command.ts';
export { endpointTable, failureLine, totalLine } from './report.ts';
export { type CellResult, type ConformanceOptions, runConformance } from './run.ts';
export type { Act, ConnectionFault, Script, ScriptedReply } from './server/index.ts';
export {
  type Host,
  type OpenSubject,
  type RemoteSubjectOptions,
  remoteSubject,
  type Subject,
} from './subject/index.ts';
