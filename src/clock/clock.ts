/**
 * Time as it comes into every part of osquery-remote. Nothing calls `Date.now` or `setTimeout` itself, so that a test
 * can run an hour in a moment (`VirtualClock` in `osquery-remote/testing`).
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. It may jump; use it for what is shown or stored. */
  now(): number;

  /** Milliseconds on a clock that never jumps. Use it for durations and deadlines within one process. */
  monotonic(): number;

  /**
   * Resolves after `ms` milliseconds.
   * @throws {unknown} `signal.reason`, as soon as `signal` is aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;

  /** Calls `tick` every `ms` milliseconds until the returned function is called. */
  interval(ms: number, tick: () => void): () => void;
}
