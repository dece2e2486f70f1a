import type { Command } from "commander";
import type { Session } from "../../client/index.ts";
import { connect, readConnection } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { table } from "../output/output.ts";

export function registerSessions(program: Command, io: Io): void {
  const sessions = program.command("sessions").description("list, create and delete sessions");
  const list = subcommand(sessions, "list", "list the sessions (the default)", {
    isDefault: true,
  }).action(async () => {
    const client = connect(await readConnection(io.env));
    const data: Session[] = [];
    for await (const session of client.listSessions({ limit: 100 }, { signal: io.signal })) {
      data.push(session);
    }
    const lines =
      data.length === 0 ? "There is no session yet. Pair one: wm pair main" : sessionTable(data);
    outputOf(list, io).result({ data }, lines);
  });

  const create = subcommand(sessions, "create <session>", "create a session; wm pair does it, too")
    .option("--name <name>")
    .option("--description <text>")
    .action(async (sessionId: string, options: { name?: string; description?: string }) => {
      const client = connect(await readConnection(io.env));
      const session = await client.createSession(
        { session_id: sessionId, name: options.name, description: options.description },
        { signal: io.signal },
      );
      outputOf(create, io).result(
        session,
        `Created ${session.session_id}. Pair it: wm pair ${session.session_id}`,
      );
    });

  const show = subcommand(sessions, "show <session>", "show one session").action(
    async (sessionId: string) => {
      const client = connect(await readConnection(io.env));
      const session = await client.getSession(sessionId, { signal: io.signal });
      outputOf(show, io).result(session, sessionTable([session]));
    },
  );

  const calls = [
    { verb: "connect", about: "connect a session", done: "connects" },
    {
      verb: "disconnect",
      about: "disconnect a session until wm sessions connect",
      done: "is disconnected",
    },
  ] as const;
  for (const { verb, about, done } of calls) {
    const command = subcommand(sessions, `${verb} <session>`, about).action(
      async (sessionId: string) => {
        const client = connect(await readConnection(io.env));
        const options = { signal: io.signal };
        const session =
          verb === "connect"
            ? await client.connectSession(sessionId, options)
            : await client.disconnectSession(sessionId, options);
        outputOf(command, io).result(session, `${session.session_id} ${done}.`);
      },
    );
  }

  const remove = subcommand(sessions, "delete <session>", "unlink and delete a session").action(
    async (sessionId: string) => {
      const client = connect(await readConnection(io.env));
      await client.deleteSession(sessionId, { signal: io.signal });
      outputOf(remove, io).result({ deleted: sessionId }, `Deleted ${sessionId}.`);
    },
  );
}

function sessionTable(sessions: Session[]): string[] {
  return table(
    ["SESSION", "STATE", "PHONE", "NETWORK", "NAME", "LAST DISCONNECT"],
    sessions.map((session) => [
      session.session_id,
      session.state,
      session.phone,
      session.network,
      session.name,
      session.last_disconnect === null
        ? null
        : `${session.last_disconnect.reason} at ${session.last_disconnect.at}`,
    ]),
  );
}
