import { Client, type Connection, type Submittable } from "pg";

export type ReplicationConnection = {
  /** Tells the server that everything up to here has been handled. */
  confirm(position: bigint): void;
  close(): Promise<void>;
};

type Handlers = {
  onData: (message: Buffer) => void;
  /** The server's position when it has nothing (more) to send. */
  onIdle: (position: bigint) => void;
  onEnd: (error: Error | undefined) => void;
};

const statusUpdate = "r".charCodeAt(0);
const walData = "w".charCodeAt(0);
const keepAlive = "k".charCodeAt(0);

/** Streams a logical replication slot over a connection of its own. */
export async function openReplication(input: {
  databaseUrl: string;
  slot: string;
  publications: readonly string[];
  handlers: Handlers;
}): Promise<ReplicationConnection> {
  const { handlers } = input;
  const url = new URL(input.databaseUrl);
  url.searchParams.set("replication", "database");
  url.searchParams.set("application_name", "supabase realtime");
  const client = new Client({ connectionString: url.href });
  let ended = false;
  const end = (error?: Error) => {
    if (ended) return;
    ended = true;
    handlers.onEnd(error);
  };
  client.on("error", end);
  client.on("end", () => end());
  await client.connect();
  const names = input.publications.map((name) => `"${name}"`).join(",");
  const command = new StartReplication(
    `START_REPLICATION SLOT "${input.slot}" LOGICAL 0/0 (proto_version '1', publication_names '${names}')`,
    { onData: handlers.onData, onIdle: handlers.onIdle, onError: end },
  );
  client.query(command);
  return {
    confirm: (position) => command.confirm(position),
    close: async () => {
      ended = true;
      await client.end();
    },
  };
}

type CommandHandlers = {
  onData: (message: Buffer) => void;
  onIdle: (position: bigint) => void;
  onError: (error: Error) => void;
};

class StartReplication implements Submittable {
  readonly #command: string;
  readonly #handlers: CommandHandlers;
  #connection: Connection | undefined;

  constructor(command: string, handlers: CommandHandlers) {
    this.#command = command;
    this.#handlers = handlers;
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(this.#command);
  }

  handleCopyData(message: { chunk: Buffer }): void {
    const { chunk } = message;
    if (chunk[0] === walData) this.#handlers.onData(chunk.subarray(25));
    else if (chunk[0] === keepAlive) this.#handlers.onIdle(chunk.readBigUInt64BE(1));
  }

  handleError(error: Error): void {
    this.#handlers.onError(error);
  }

  handleCommandComplete(): void {}
  handleReadyForQuery(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  confirm(position: bigint): void {
    const stream = this.#connection?.stream;
    if (!stream?.writable) return;
    // CopyData frame: a standby status update with written, flushed and applied position.
    const frame = Buffer.alloc(1 + 4 + 34);
    frame.write("d", 0, "latin1");
    frame.writeInt32BE(4 + 34, 1);
    frame.writeUInt8(statusUpdate, 5);
    for (const offset of [6, 14, 22]) frame.writeBigUInt64BE(position, offset);
    stream.write(frame);
  }
}
