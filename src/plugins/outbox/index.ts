export type {
  Batch,
  BatchRecord,
  Deliver,
  Delivery,
  DeliveryAnswer,
  LinePosition,
  RecordKind,
  UnfitLine,
} from './batch.ts';
export { type Caps, defaultCaps } from './caps.ts';
export { defaultForwardSettings, type ForwardSettings } from './forward/index.ts';
export type { AppendOptions, SyncMode } from './journal/index.ts';
export type { LookupOperation, LookupStore, SetAsideInfo } from './lookups.ts';
export type { Loss, LossReason } from './loss.ts';
export { memoryStore } from './memory-store.ts';
export { Outbox, type OutboxOptions, type WaitingResult } from './outbox.ts';
export type { Quarantine } from './quarantine.ts';
export type { StreamStats } from './stats.ts';
