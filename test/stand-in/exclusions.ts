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
