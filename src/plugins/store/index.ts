export { StoreError } from './directory.ts';
export { Store, type StoreOptions } from './store.ts';
