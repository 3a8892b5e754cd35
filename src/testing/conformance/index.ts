/**
 * What a client must make of the answers of real servers, as a table of cells, and what plays them: `runConformance`. It
 * judges these plugins (also with your transport module in between), or any other client that you make a
 * `ConformanceSubject` of:
 *
 *     const results = await runConformance({ subject: openMyClient });
 *     for (const result of results) if (result.differences.length > 0) console.log(failureLine(result));
 *     console.log(totalLine(results));
 */
export type {
  Cell as ConformanceCell,
  ConfigFate,
  Endpoint as ConformanceEndpoint,
  Expected as ConformanceExpected,
  Given as ConformanceGiven,
  KeyFate,
  LineFate,
  Next as NextAttempt,
} from './cell.ts';
export { cells as conformanceCells } from './cells/index.ts';
export { conformanceCommand } from './command.ts';
export { endpointTable, failureLine, totalLine } from './report.ts';
export { type CellResult, type ConformanceOptions, runConformance } from './run.ts';
export type {
  Act as ServerAct,
  ConnectionFault,
  Script as ServerScript,
  ScriptedReply,
} from './server/index.ts';
export {
  type Host as ConformanceHost,
  type OpenSubject,
  type RemoteSubjectOptions,
  remoteSubject,
  type Subject as ConformanceSubject,
} from './subject/index.ts';
