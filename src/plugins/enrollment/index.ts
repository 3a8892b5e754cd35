export { Enrollment } from './enrollment.ts';
export type { NodeKey } from './node-key.ts';
export type {
  EnrollmentOptions,
  EnrollmentStatus,
  EnrollmentStore,
  KeyDatabase,
  Obtained,
} from './options.ts';
export type { EnrollmentSettings } from './settings.ts';
export type { StoredEnrollment } from './stored.ts';
