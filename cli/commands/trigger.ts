import type { Command } from "commander";
import { connect, readConnection, readSandboxUrl } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { forward } from "../forward/forward.ts";
import { sampleEvent, sampleTypes } from "../forward/sample-event.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";
import type { Output } from "../output/output.ts";
import { Phones, randomPhone } from "../phone/phones.ts";
import { forwardedText, listenSecret, parseUrl } from "./listen.ts";

interface Options {
  forwardTo?: string;
  secret?: string;
  endpoint?: string;
  session?: string;
  from?: string;
  text: string;
}

export function registerTrigger(program: Command, io: Io): void {
  const trigger = subcommand(program, "trigger <type>", "make a test event")
    .option("--forward-to <url>", "post a sample event of this type to a URL, signed", parseUrl)
    .option("--secret <secret>", "sign with it (or WEBHOOK_SECRET); else with that of wm listen")
    .option("--endpoint <id>", "webhook.test: the API posts it to this endpoint of yours")
    .option("--session <session>", "message.received: a sandbox phone writes to this session")
    .option("--from <number>", "the sandbox phone that writes; default: a new one")
    .option("--text <text>", "of a message", "Hello from wm trigger")
    .addHelpText("after", `\nTypes: ${sampleTypes.join(", ")}`)
    .action(async (type: string, options: Options) => {
      const output = outputOf(trigger, io);
      if (options.forwardTo !== undefined) {
        await postSample(type, options.forwardTo, { options, io, output });
      } else if (type === "webhook.test") {
        await testEndpoint(options.endpoint, io, output);
      } else if (type === "message.received") {
        await writeFromPhone(options, io, output);
      } else {
        throw new CliError(
          `${type} needs --forward-to: a sample of it is posted there. A real one is made by what it reports.`,
          exitCodes.usage,
        );
      }
    });
}

async function postSample(
  type: string,
  url: string,
  { options, io, output }: { options: Options; io: Io; output: Output },
): Promise<void> {
  const event = sampleEvent(type, options.text);
  if (event === undefined) {
    throw new CliError(
      `There is no event type ${type}. There are: ${sampleTypes.join(", ")}`,
      exitCodes.usage,
    );
  }
  const secret = await listenSecret(options.secret, io);
  const forwarded = await forward(event, { url, secret, signal: io.signal });
  output.result({ event, forwarded }, `${type} ${event.id} ${forwardedText(forwarded)}`);
  if (forwarded.error !== null) {
    throw new CliError(`${url} did not take it: ${forwarded.error}`, exitCodes.failed);
  }
}

async function testEndpoint(endpoint: string | undefined, io: Io, output: Output): Promise<void> {
  if (endpoint === undefined) {
    throw new CliError("Which endpoint? Add --endpoint; wm doctor lists them.", exitCodes.usage);
  }
  const client = connect(await readConnection(io.env));
  const result = await client.testWebhook(endpoint, { signal: io.signal });
  output.result(
    result,
    `webhook.test → ${result.status_code ?? "no answer"} (${result.duration_ms} ms)`,
  );
  if (!result.delivered) {
    throw new CliError(
      `The endpoint did not take it: ${result.error ?? "unknown"}`,
      exitCodes.failed,
    );
  }
}

/** A real event: the message goes through the sandbox, the connector and the database. */
async function writeFromPhone(options: Options, io: Io, output: Output): Promise<void> {
  const client = connect(await readConnection(io.env));
  const sessionId = options.session ?? "main";
  const session = await client.getSession(sessionId, { signal: io.signal });
  if (session.state !== "connected" || session.phone === null) {
    throw new CliError(`${sessionId} is ${session.state}. Pair it first: wm pair ${sessionId}`);
  }
  if (session.network !== "sandbox") {
    throw new CliError(
      `${sessionId} is on WhatsApp, where only a real phone can write. Use --forward-to for a sample event.`,
      exitCodes.usage,
    );
  }
  const phones = new Phones(await readSandboxUrl(io.env));
  const from = options.from ?? (await phones.create(randomPhone(), "wm trigger")).phone;
  const message = await phones.say(from, session.phone, options.text);
  output.result(
    { from, to: session.phone, message },
    `${from} wrote to ${session.phone}: message.received follows.`,
  );
}
