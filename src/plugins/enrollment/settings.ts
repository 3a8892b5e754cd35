/** What osqueryd's flags say about enrollment. Read anew for each decision. */
export interface EnrollmentSettings {
  /** `enroll_always`: a new enrollment at each start. Ignored with `disabled`, as in the built-in client. */
  readonly always: boolean;
  /** `disable_enrollment`: no enroll request. A stored key is still used. */
  readonly disabled: boolean;
  /** `disable_reenrollment`: a refused key is kept. */
  readonly disableReenrollment: boolean;
  /**
   * `tls_enroll_max_attempts`, 0 = for ever. It ends what a waiting call sees, never the series: osquery starts a new
   * series for its next caller anyway.
   */
  readonly maxAttempts: number;
  /** `tls_enroll_max_interval`: the longest wait after a failed attempt, in seconds. */
  readonly maxIntervalS: number;
  /** A client certificate is in use: then a blank key is an enrollment. */
  readonly clientCertificate: boolean;
}
