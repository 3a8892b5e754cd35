export { type RemoteSubjectOptions, remoteSubject } from './remote-subject.ts';
export type { Host, OpenSubject, Subject } from './subject.ts';
