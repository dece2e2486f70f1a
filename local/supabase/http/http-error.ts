/** An error response: its status, and the exact body that a hosted project sends. */
export class HttpError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Readonly<Record<string, unknown>>, options?: ErrorOptions) {
    super(typeof body["message"] === "string" ? body["message"] : `HTTP ${status}`, options);
    this.status = status;
    this.body = body;
  }
}
