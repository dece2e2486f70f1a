import { type Command, Option } from "commander";
import { type WebhookDelivery, WhatsAppError } from "../../client/index.ts";
import { connect, readConnection } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { forward } from "../forward/forward.ts";
import { parseWhole } from "../option-values.ts";
import { eventLine } from "../output/event-line.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";
import { type Output, table } from "../output/output.ts";
import { forwardedText, listenSecret, parseUrl } from "./listen.ts";

interface ResendOptions {
  endpoint?: string;
  from?: number;
  to?: number;
  dead?: true;
  forwardTo?: string;
  secret?: string;
}

export function registerEvents(program: Command, io: Io): void {
  const events = program.command("events").description("the delivery log, and events once more");
  registerDeliveries(events, io);

  const resend = subcommand(events, "resend [delivery]", "deliver events again")
    .option("--endpoint <id>", "to this endpoint: --from and --to, or --dead")
    .option("--from <seq>", "the first event", parseWhole)
    .option("--to <seq>", "the last event; default: --from", parseWhole)
    .option("--dead", "all deliveries that failed for good")
    .option("--forward-to <url>", "post the events --from to --to to this URL instead", parseUrl)
    .option("--secret <secret>", "for --forward-to: sign with it (or WEBHOOK_SECRET)")
    .addHelpText(
      "after",
      "\nwm events resend <delivery>                        one delivery of wm events list" +
        "\nwm events resend --endpoint ID --from 10 --to 20   a range, by the API" +
        "\nwm events resend --endpoint ID --dead              what failed for good" +
        "\nwm events resend --forward-to URL --from 10        from this machine",
    )
    .action(async (delivery: string | undefined, options: ResendOptions) => {
      const output = outputOf(resend, io);
      if (options.forwardTo !== undefined) await forwardRange(options, io, output);
      else if (delivery === undefined) await replay(options, io, output);
      else {
        const client = connect(await readConnection(io.env));
        const pending = await client.redeliver(delivery, { signal: io.signal });
        output.result(pending, `${pending.id} is delivered again.`);
      }
    });
}

function registerDeliveries(events: Command, io: Io): void {
  const statuses = ["pending", "delivered", "dead"] as const;
  const list = subcommand(events, "list", "list the newest deliveries to your endpoints")
    .addOption(new Option("--status <status>").choices(statuses))
    .option("--endpoint <id>")
    .option("--type <type>", "an event type")
    .option("--limit <count>", "at most 100", parseWhole, 20)
    .action(
      async (options: {
        status?: (typeof statuses)[number];
        endpoint?: string;
        type?: string;
        limit: number;
      }) => {
        const client = connect(await readConnection(io.env));
        const { endpoint, type, status, limit } = options;
        const page = await client.listDeliveries(
          { limit, status, endpoint_id: endpoint, event_type: type },
          { signal: io.signal },
        );
        outputOf(list, io).result(page, deliveryTable(page.data));
      },
    );
}

function deliveryTable(deliveries: WebhookDelivery[]): string[] {
  if (deliveries.length === 0) return ["There is no such delivery."];
  return table(
    ["DELIVERY", "EVENT", "TYPE", "STATUS", "ATTEMPTS", "ANSWER", "ERROR"],
    deliveries.map((one) => [
      one.id,
      String(one.event_seq),
      one.event_type,
      one.status,
      String(one.attempts),
      one.status_code === null ? null : String(one.status_code),
      one.error,
    ]),
  );
}

async function replay(options: ResendOptions, io: Io, output: Output): Promise<void> {
  const { endpoint, from, to, dead } = options;
  if (endpoint === undefined || (dead === undefined && from === undefined)) {
    throw new CliError(
      "Which events? Add a delivery's id, or --endpoint with --from or --dead.",
      exitCodes.usage,
    );
  }
  const client = connect(await readConnection(io.env));
  const range = { from_seq: from ?? 0, to_seq: to ?? from ?? 0 };
  const result = await client.replayDeliveries(
    { endpoint_id: endpoint, ...(dead === true ? { dead } : range) },
    { signal: io.signal },
  );
  output.result(result, `${result.deliveries} deliveries are pending.`);
}

/** Reads the range from the event stream, which begins where it is asked to. */
async function forwardRange(options: ResendOptions, io: Io, output: Output): Promise<void> {
  const { forwardTo: url = "", from, to = from, secret: given } = options;
  if (from === undefined || to === undefined || from < 1 || to < from) {
    throw new CliError("Which events? Add --from 10, or --from 10 --to 20.", exitCodes.usage);
  }
  const client = connect(await readConnection(io.env));
  const secret = await listenSecret(given, io);
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(60_000)]);
  let last = from - 1;
  let failures = 0;
  const stream = client.streamEvents({ signal, lastEventId: from - 1, maxRetries: 3 });
  try {
    for await (const event of stream) {
      if (event.seq > to) break;
      const forwarded = await forward(event, { url, secret, signal });
      output.result({ event, forwarded }, `${eventLine(event)}  ${forwardedText(forwarded)}`);
      last = event.seq;
      if (forwarded.error !== null) failures += 1;
      if (last === to) break;
    }
  } catch (error) {
    if (io.signal.aborted || error instanceof WhatsAppError) throw error;
    throw new CliError(
      `The event ${last + 1} did not come within 60 s. It may not have happened yet.`,
    );
  }
  if (failures > 0) throw new CliError(`${url} did not take ${failures} of the events.`);
}
