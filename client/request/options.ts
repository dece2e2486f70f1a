/** How one call is made. What is omitted is as the client was created. */
export interface RequestOptions {
  /** Ends the call, its retries and waits; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Of one attempt, in milliseconds. Default 60 000. */
  timeoutMs?: number | undefined;
  /** Of the whole call, retries and waits included, in milliseconds. Default 120 000. */
  deadlineMs?: number | undefined;
  /** Attempts after the first. Default 4; 0 for none. */
  maxRetries?: number | undefined;
}

export interface SendOptions extends RequestOptions {
  /**
   * The message is sent once for each key, whoever repeats the request. Give one that belongs to the
   * cause (`order-1234-shipped`), so that a retry of your own job does not send twice. A random key
   * for this call when omitted.
   */
  idempotencyKey?: string | undefined;
}

export interface StreamOptions {
  /** Ends the stream; the iteration rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The `seq` of the last event that was handled: the stream starts after it, not with new events. */
  lastEventId?: number | string | undefined;
  /** Called when a connection is open, with the position that it starts after. */
  onOpen?: ((lastEventId: string | undefined) => void) | undefined;
  /** Called when a connection is lost and will be opened again. */
  onDrop?: ((error: unknown) => void) | undefined;
  /** Connections in a row that may fail before the iteration rejects. Default: no limit. */
  maxRetries?: number | undefined;
  /** A connection without a byte for this long is replaced; the API sends one every 15 s. Default 45 000. */
  idleTimeoutMs?: number | undefined;
  /** Longer events end the iteration with an error. In characters; default 16 777 216. */
  maxEventLength?: number | undefined;
}
