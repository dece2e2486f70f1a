import type { Command } from "commander";
import { connect, readConnection } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { parseList, parseWhole } from "../option-values.ts";
import { eventLine } from "../output/event-line.ts";
import { filteredEvents } from "./event-stream.ts";

interface Options {
  session?: string;
  events?: string[];
  since?: number;
}

export function registerTail(program: Command, io: Io): void {
  const tail = subcommand(program, "tail", "print events as they happen")
    .option("--session <session>", "of this session only")
    .option("--events <types>", "of these types only, like message.*,session.connected", parseList)
    .option(
      "--since <seq>",
      "begin after the event with this number; 0: with the oldest",
      parseWhole,
    )
    .action(async ({ session, events, since }: Options) => {
      const output = outputOf(tail, io);
      const client = connect(await readConnection(io.env));
      const filter = { session, types: events, since };
      const onOpen = () => output.note("Connected.");
      for await (const event of filteredEvents(client, filter, {
        output,
        signal: io.signal,
        onOpen,
      })) {
        output.result(event, eventLine(event));
      }
    });
}
