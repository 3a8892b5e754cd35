/**
 * What the transport thread needs to know, read by the socket thread from osqueryd's flags. Sent again when it changes.
 * Names follow the flags; defaults are osquery's.
 */
export interface TransportSettings {
  /** `tls_hostname`: `host[:port]`, without a scheme, perhaps with a path prefix. */
  readonly hostname: string;
  readonly endpoints: {
    readonly enroll: string;
    readonly config: string;
    readonly log: string;
    readonly distributedRead: string;
    readonly distributedWrite: string;
  };
  /** `tls_server_certs`: PEM bundle of the only roots that are trusted. */
  readonly serverCerts: string;
  /** `tls_client_cert`, `tls_client_key`: both or neither. */
  readonly clientCert: string;
  readonly clientKey: string;
  /** `proxy_hostname`: `host[:port]`, default port 3128; empty for none. */
  readonly proxyHostname: string;
  /** `tls_session_reuse`, `tls_session_timeout` (seconds, 0 = never). */
  readonly sessionReuse: boolean;
  readonly sessionTimeoutS: number;
  readonly acceptGzip: boolean;
  /** `tls_secret_always`: the secret in every URI. */
  readonly secretAlways: boolean;
  /** `tls_enroll_override`: name of the secret in body and URI. */
  readonly enrollOverride: string;
  /** `enroll_secret_path` wins over `enroll_secret_env`. */
  readonly secretPath: string;
  readonly secretEnv: string;
  /** `tls_node_api`. */
  readonly nodeApi: boolean;
  /** `config_tls_max_attempts`, `distributed_tls_max_attempts`: attempts of one call, 1 s and 4 s apart (n²). */
  readonly configAttempts: number;
  readonly distributedAttempts: number;
  /** `logger_tls_compress`, `logger_tls_max_linesize` (bytes). */
  readonly compress: boolean;
  readonly maxLineBytes: number;
  /** `decorations_top_level`: shape of status lines and of rows that are written out. */
  readonly decorationsTopLevel: boolean;
  /** `tls_dump`: request and reply bodies to stderr, without secrets. */
  readonly dump: boolean;
  /** Version of core, for `User-Agent` and for status lines. */
  readonly osqueryVersion: string;
}
