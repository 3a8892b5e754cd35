export type { SyncMode } from './disk.ts';
export { type AppendOptions, Journal, type JournalOptions, type StoredPosition } from './journal.ts';
export type { SegmentFiles } from './segment.ts';
export type { Taken } from './stream-reader.ts';
export type { WaitingRecord } from './waiting-keys.ts';
