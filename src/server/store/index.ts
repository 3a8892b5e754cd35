export { type DataDirectory, openDataDirectory, writePrivateFile } from './data-directory.ts';
export { type Change, Database, StoreError } from './database.ts';
export { type Enrollment, NodeStore, type StoredNode } from './nodes.ts';
