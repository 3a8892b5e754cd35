/** One attempt: connect, TLS, request, answer and redirects together (osquery's own limit). */
export const attemptMs = 16_000;

/** What a TCP connection (with a proxy: the tunnel) may take of it, and what a TLS handshake. */
export const connectMs = 10_000;

/** The longest silence within the body of a reply. */
export const idleMs = 10_000;

/** Largest reply, on the wire and inflated (the limit of osquery's HTTP library). */
export const maxReplyBytes = 8 * 1024 * 1024;

/** Largest head of a reply. */
export const maxHeadBytes = 32 * 1024;

/** Deepest nesting of a JSON reply. osquery refuses a config from 32 levels on. */
export const maxReplyDepth = 64;

/** Redirects that are followed in one attempt. */
export const maxRedirects = 5;

/** The longest wait that a server can order with `Retry-After`. */
export const maxRetryAfterMs = 3_600_000;

/** Characters of a strange reply that are shown in a reason. */
export const maxExcerptChars = 200;
