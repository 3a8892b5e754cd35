export { Enrollment, type EnrollmentOptions, type EnrollmentStatus, type Obtained } from './enrollment.ts';
export type { NodeKey } from './node-key.ts';
export type { EnrollmentSettings } from './settings.ts';
export type { StoredEnrollment } from './stored.ts';
