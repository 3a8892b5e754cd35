import type { Trace } from './trace.ts';

/** A word in place of what differs by nature. */
export interface Mask {
  readonly pattern: RegExp;
  readonly word: string;
  readonly what: string;
  readonly why: string;
  /** In which traces; default all. */
  readonly only?: RegExp;
}

/** Parts of texts that are not compared. */
export const masks: readonly Mask[] = [
  {
    only: /^table-/,
    pattern: /"context": "(?:[^"\\]|\\.)*"/g,
    word: '"context": CONTEXT',
    what: '`context` of table calls in table-*',
    why: 'it follows the constraints that one SQLite offers, and a hash order; the SDK is tested with it',
  },
  {
    pattern: /calendarTime(\\*)":(\\*)"[^"\\]*/g,
    word: 'calendarTime$1":$2"TIME',
    what: '`calendarTime` of a line',
    why: 'the recorded clock is known to some milliseconds only; its form is tested against the same traces',
  },
  {
    pattern: /unixTime(\\*)":\d+/g,
    word: 'unixTime$1":TIME',
    what: '`unixTime` of a line',
    why: 'as `calendarTime`',
  },
  {
    pattern: /\\?"c\\?":\\?"[A-Z][a-z]{2} [^"\\]* UTC\\?",\\?"u\\?":\d+/g,
    word: '"c":TIME',
    what: '`c` and `u` of a status line',
    why: 'as `calendarTime`',
  },
  {
    pattern: /(wall_time_ms|user_time|system_time|memory)(\\*)":\d+/g,
    word: '$1$2":N',
    what: '`stats` of distributed queries',
    why: 'what a query costs is measured on the machine',
  },
  {
    pattern: /0x[0-9a-f]+/g,
    word: '0xN',
    what: 'addresses in verbose lines',
    why: 'they are places in the memory of a process',
  },
  { pattern: /thread: \d+/g, word: 'thread: N', what: 'thread ids in verbose lines', why: 'they are random' },
  {
    pattern:
      /"(pid|watcher|instance_id|start_time|cpu_\w+|physical_memory|hardware_\w+)": "[^"]*"|"(uuid)": "[0-9a-f]{8}-[0-9a-f-]{27}"/g,
    word: '"$1$2": HOST',
    what: 'pid, watcher, instance_id, start_time, uuid, cpu_*, physical_memory, hardware_* in rows',
    why: 'they describe the machine and the process',
  },
  {
    pattern: /"name": "(aaa|golden_badtable)", "owner_uuid": "\d+"/g,
    word: '"name": "$1", "owner_uuid": ID',
    what: '`owner_uuid` of two plugins whose registration was refused',
    why: 'the recorded core told nobody that id',
  },
  {
    pattern: /(process |watcher=|worker \()\d+/g,
    word: '$1N',
    what: 'process ids in the log of osqueryd',
    why: 'the system chooses them',
  },
];

/** A function that puts words in place of what differs by nature, and of the directory of a run. */
export function masker(trace: Trace, directory: string): (text: string) => string {
  const used = masks.filter(({ only }) => only?.test(trace.name) ?? true);
  return (text) => {
    const placed = text.replaceAll(`/var/tmp/osqrun/${trace.name}`, '$RUN').replaceAll(directory, '$RUN');
    return used.reduce((masked, { pattern, word }) => masked.replace(pattern, word), placed);
  };
}
