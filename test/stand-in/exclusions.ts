/** Traces that are not compared, and why. */
export const excluded: Readonly<Record<string, string>> = {
  'distributed-discovery-is-array':
    'the recorded build aborts on a failed assertion; the -ndebug trace is compared',
  'distributed-queries-is-array':
    'the recorded build aborts on a failed assertion; the -ndebug trace is compared',
};

/** Traces of which a part is not compared, and why. */
export const partly: Readonly<Record<string, string>> = {
  'table-generate':
    'constraints and columns of `context` follow SQLite and a hash order; the SDK is tested with them',
  'table-write':
    'constraints and columns of `context` follow SQLite and a hash order; the SDK is tested with them',
};

/** Milliseconds by which a call may come earlier or later than it was recorded. */
export const toleranceMs = 500;

/** As `toleranceMs`, for status lines: a period of the relay more. */
export const statusToleranceMs = 3000 + 2 * toleranceMs;

/** Scenarios in which the recorded core lost more time, and by what. */
export const slower: Readonly<Record<string, { readonly toleranceMs: number; readonly reason: string }>> = {
  'failure-malformed-replies': {
    toleranceMs: 9000,
    reason: 'osqueryd allocates what absurd lengths claim, which takes it seconds',
  },
};

/** By how many the pings beside calls may differ. */
export const pingTolerance = 1;

/** Everything that is compared with less than full strictness in all traces, and why. */
export const loosely: readonly (readonly [what: string, why: string])[] = [
  [
    `the time of a call, within ${toleranceMs} ms`,
    'core works through its loops in real time, and how long a step took it is not in the trace',
  ],
  ...Object.entries(slower).map(
    ([name, { toleranceMs: ms, reason }]) => [`the times in ${name}, within ${ms} ms`, reason] as const,
  ),
  [
    `the time of a status line, within ${statusToleranceMs} ms; into which batch it went is not compared`,
    'a line that is written a millisecond after the relay waits for the next one, 3 s later',
  ],
  [
    'the order between calls of different threads (config, distributed, scheduler, manager)',
    'they do not wait for each other; within a thread the order is exact',
  ],
  [
    'calls that were due in the tolerance before the end of the recording',
    'they may have come just before it or not',
  ],
  [
    `the times of pings; their number beside those of calls, within ${pingTolerance}`,
    'the recording ends, and a process dies, in the midst of a period',
  ],
  [
    'how often `columns` goes round over all tables',
    'it does when the queries of two threads meet, which is a matter of milliseconds; that it happens, to which tables, and in which order is compared',
  ],
  [
    'one `columns` call less outside those rounds',
    'the recorded SQLite asked once more when it first met an alias',
  ],
  [
    '`shutdown` where none was recorded',
    'in one of five stops the recorded core deleted the socket before it could call: a race of its own',
  ],
  [
    'the same error twice in a row in the log of osqueryd, which counts once',
    'whether a loop makes another step before it stops is a race',
  ],
  [
    '`connect() failed` in the log of osqueryd',
    'Thrift says it of a call that was under way when the daemon was stopped',
  ],
  ['the log of osqueryd before its last 4000 characters', 'the recording does not hold it'],
];
