import { randomBytes } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { filled, readConfig, writeConfig } from "../config/config.ts";
import { connect, readConnection } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { type Forwarded, forward, parseTarget } from "../forward/forward.ts";
import { parseList, parseWhole } from "../option-values.ts";
import { eventLine } from "../output/event-line.ts";
import { filteredEvents } from "./event-stream.ts";

interface Options {
  forwardTo: string;
  secret?: string;
  session?: string;
  events?: string[];
  since?: number;
}

export function registerListen(program: Command, io: Io): void {
  const listen = subcommand(
    program,
    "listen",
    "post events to a URL as webhooks, without a public URL",
  )
    .requiredOption("--forward-to <url>", "where to, like localhost:4000/webhooks", parseUrl)
    .option("--secret <secret>", "sign with it (or WEBHOOK_SECRET); else with one of wm's own")
    .option("--session <session>", "events of this session only")
    .option("--events <types>", "of these types only, like message.*,session.connected", parseList)
    .option(
      "--since <seq>",
      "begin after the event with this number; 0: with the oldest",
      parseWhole,
    )
    .action(async (options: Options) => {
      const output = outputOf(listen, io);
      const client = connect(await readConnection(io.env));
      const secret = await listenSecret(options.secret, io);
      let isReady = false;
      const onOpen = () => {
        if (isReady) return;
        isReady = true;
        output.result({ event: "ready", forward_to: options.forwardTo, secret }, [
          `Ready. Events go to ${options.forwardTo}, signed with ${secret}`,
        ]);
      };
      const filter = { session: options.session, types: options.events, since: options.since };
      const target = { url: options.forwardTo, secret, signal: io.signal };
      // One after the other, so that they arrive in order. The stream waits meanwhile.
      for await (const event of filteredEvents(client, filter, {
        output,
        signal: io.signal,
        onOpen,
      })) {
        const forwarded = await forward(event, target);
        output.result({ event, forwarded }, `${eventLine(event)}  ${forwardedText(forwarded)}`);
      }
    });
}

export function forwardedText({ status, error, attempts, duration_ms }: Forwarded): string {
  const tries = attempts > 1 ? `, attempt ${attempts}` : "";
  const outcome = error === null ? `→ ${status}` : `→ failed: ${error}`;
  return `${outcome} (${duration_ms} ms${tries})`;
}

/** The same in each run, so that the endpoint is configured once. */
export async function listenSecret(given: string | undefined, io: Io): Promise<string> {
  const config = await readConfig(io.env);
  const known = filled(given) ?? filled(io.env["WEBHOOK_SECRET"]) ?? config.listen_secret;
  if (known !== undefined) return known;
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  await writeConfig(io.env, { ...config, listen_secret: secret });
  return secret;
}

export function parseUrl(text: string): string {
  try {
    return parseTarget(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
