/** A request that gets another answer than 200: the message becomes its `error` member, so it never holds a secret. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The client went away in the middle of its request: nobody waits for an answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** A node key that is missing, unknown or retired, or an enroll secret that is wrong. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
