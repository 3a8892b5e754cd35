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
