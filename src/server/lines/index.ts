export { DedupeHeadersError, type LineNumbers, readDedupeHeaders } from './dedupe-headers.ts';
export { JsonSyntaxError } from './json-scanner.ts';
export { type LogBody, parseLogBody } from './log-body.ts';
export { LogFile } from './log-file.ts';
export { type AcceptedLines, type LogBatch, LogIntake, type LogStream } from './log-intake.ts';
export { type Numbering, ReceivedLines } from './received-lines.ts';
