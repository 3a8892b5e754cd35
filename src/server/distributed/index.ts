export { type Followed, followResults } from './follow-results.ts';
export type { QueryResult, StoredQuery } from './query.ts';
export { type NewQuery, QueryStore } from './query-store.ts';
export { readWriteBody, WriteBodyError, type WrittenResult } from './write-body.ts';
