export { StoreError } from './directory.ts';
export { journalOf, lookupsOf, storePath } from './place.ts';
export { Store, type StoreOptions } from './store.ts';
