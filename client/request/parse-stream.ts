/** A message of an event stream. Without `data` it only sets the id or the retry delay. */
export interface StreamMessage {
  id: string | undefined;
  event: string | undefined;
  data: string | undefined;
  retryMs: number | undefined;
}

/** A line or an event is longer than the parser may keep. */
export class TooLongError extends Error {
  override name = "TooLongError";
}

/**
 * A parser of the event stream format of the HTML standard. `feed` takes text however it is cut and
 * gives the messages that are complete.
 */
export class StreamParser {
  readonly #maxLength: number;
  #line = "";
  #isFirst = true;
  /** The text so far ended with CR, whose LF may be the next character. */
  #endedWithCr = false;
  #message = emptyMessage();
  #data: string[] = [];
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** @throws TooLongError */
  feed(text: string): StreamMessage[] {
    const messages: StreamMessage[] = [];
    let rest = this.#withoutStart(text);
    for (;;) {
      const end = rest.search(/[\r\n]/);
      if (end === -1) break;
      const line = this.#line + rest.slice(0, end);
      this.#line = "";
      this.#takeLine(line, messages);
      const isCr = rest[end] === "\r";
      this.#endedWithCr = isCr && end === rest.length - 1;
      rest = rest.slice(end + (isCr && rest[end + 1] === "\n" ? 2 : 1));
    }
    this.#line += rest;
    this.#checkLength(this.#line.length);
    return messages;
  }

  /** Without a byte order mark, and without the LF of a CR that came before. */
  #withoutStart(text: string): string {
    if (text === "") return text;
    let start = this.#isFirst && text.startsWith("\uFEFF") ? 1 : 0;
    if (this.#endedWithCr && text.startsWith("\n")) start = 1;
    this.#isFirst = false;
    this.#endedWithCr = false;
    return text.slice(start);
  }

  #takeLine(line: string, messages: StreamMessage[]): void {
    if (line === "") {
      this.#endMessage(messages);
      return;
    }
    this.#checkLength(line.length);
    this.#length += line.length;
    const colon = line.indexOf(":");
    if (colon === 0) {
      this.#length -= line.length; // A comment: nothing of it is kept.
      return;
    }
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    this.#setField(name, value);
  }

  #setField(name: string, value: string): void {
    switch (name) {
      case "data":
        this.#data.push(value);
        break;
      case "event":
        this.#message.event = value;
        break;
      case "id":
        if (!value.includes("\0")) this.#message.id = value;
        break;
      case "retry":
        if (/^\d+$/.test(value)) this.#message.retryMs = Number(value);
        break;
      default: // The standard ignores other fields.
    }
  }

  #endMessage(messages: StreamMessage[]): void {
    const message = this.#message;
    if (this.#data.length > 0) message.data = this.#data.join("\n");
    if (Object.values(message).some((value) => value !== undefined)) messages.push(message);
    this.#message = emptyMessage();
    this.#data = [];
    this.#length = 0;
  }

  #checkLength(more: number): void {
    if (this.#length + more <= this.#maxLength) return;
    throw new TooLongError(`The stream has an event of more than ${this.#maxLength} characters`);
  }
}

function emptyMessage(): StreamMessage {
  return { id: undefined, event: undefined, data: undefined, retryMs: undefined };
}
