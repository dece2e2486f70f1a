import type { Command } from "commander";
import { connect, readConnection, readSandboxUrl } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { parseWhole } from "../option-values.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";
import { table } from "../output/output.ts";
import { Phones, randomPhone } from "../phone/phones.ts";

export function registerPhones(program: Command, io: Io): void {
  const phones = program.command("phones").description("simulated phones of the sandbox");
  const open = async () => new Phones(await readSandboxUrl(io.env));

  const list = subcommand(phones, "list", "list the phones (the default)", {
    isDefault: true,
  }).action(async () => {
    const data = await (await open()).list();
    const rows = data.map(({ phone, name, linked_devices = [] }) => [
      phone,
      name,
      `${linked_devices.length} (${linked_devices.filter(({ online }) => online).length} online)`,
    ]);
    const lines =
      rows.length === 0
        ? "There is no phone yet: wm phones add"
        : table(["PHONE", "NAME", "LINKED DEVICES"], rows);
    outputOf(list, io).result({ data }, lines);
  });

  const add = subcommand(phones, "add [number]", "create a phone; without a number a random one")
    .option("--name <name>", "the owner's name", "Ada")
    .action(async (number: string | undefined, { name }: { name: string }) => {
      const phone = await (await open()).create(number ?? randomPhone(), name);
      outputOf(add, io).result(phone, `${phone.phone} is ${phone.name}'s phone.`);
    });

  const scan = subcommand(
    phones,
    "scan <phone> [session]",
    "scan a session's QR with a phone",
  ).action(async (phone: string, session = "main") => {
    const client = connect(await readConnection(io.env));
    const { qr, state } = await client.getQr(session, { signal: io.signal });
    if (qr === null) throw new CliError(`${session} is ${state} and has no QR code to scan.`);
    const device = await (await open()).scan(phone, qr);
    outputOf(scan, io).result(device, `${phone} has scanned the QR code of ${session}.`);
  });

  const link = subcommand(phones, "link <phone> <code>", "enter a pairing code on a phone").action(
    async (phone: string, code: string) => {
      const device = await (await open()).link(phone, code.replaceAll("-", ""));
      outputOf(link, io).result(device, `${phone} has entered the code.`);
    },
  );

  const say = subcommand(phones, "say <phone> <to> <text>", "send a text from a phone").action(
    async (phone: string, to: string, text: string) => {
      const message = await (await open()).say(phone, to, text);
      outputOf(say, io).result(message, `Sent ${message.id}.`);
    },
  );

  const messages = subcommand(phones, "messages <phone>", "what a phone sent and received").action(
    async (phone: string) => {
      const data = await (await open()).messages(phone);
      const rows = data.map((message) => [
        message.direction,
        message.direction === "in" ? message.from : message.to,
        message.type,
        message.status,
        message.text,
      ]);
      const lines =
        rows.length === 0
          ? "It has no message yet."
          : table(["", "WITH", "TYPE", "STATUS", "TEXT"], rows);
      outputOf(messages, io).result({ data }, lines);
    },
  );

  const read = subcommand(phones, "read <phone> <from>", "read the messages of a number").action(
    async (phone: string, from: string) => {
      const result = await (await open()).read(phone, from);
      outputOf(read, io).result(result ?? {}, `${phone} has read the messages from ${from}.`);
    },
  );

  registerBehaviour(phones, io, open);

  const remove = subcommand(phones, "delete <phone>", "delete a phone").action(
    async (phone: string) => {
      await (await open()).delete(phone);
      outputOf(remove, io).result({ deleted: phone }, `Deleted ${phone}.`);
    },
  );
}

interface Behaviour {
  online?: true;
  offline?: true;
  autoRead?: boolean;
  autoReply?: string | false;
}

/** How phones behave, and what fails: sandbox/README.md says what each of it does. */
function registerBehaviour(phones: Command, io: Io, open: () => Promise<Phones>): void {
  const set = subcommand(phones, "set <phone>", "set how a phone behaves")
    .option("--online", "it receives its messages")
    .option("--offline", "its messages wait")
    .option("--auto-read", "it reads messages as they arrive")
    .option("--no-auto-read", "it does not")
    .option("--auto-reply <text>", "it answers every message with this")
    .option("--no-auto-reply", "it does not")
    .action(async (phone: string, options: Behaviour) => {
      const changes = behaviourOf(options, set);
      if (Object.keys(changes).length === 0) {
        throw new CliError("What shall change? Add --offline, --auto-reply ...", exitCodes.usage);
      }
      const state = await (await open()).behave(phone, changes);
      outputOf(set, io).result(state, `${phone}: ${JSON.stringify(changes)}`);
    });

  const fault = subcommand(phones, "fault <kind>", "make something fail; clear ends all faults")
    .option("--phone <number>", "for the clients of this number; default: of all")
    .option("--count <count>", "how many times", parseWhole)
    .option("--code <code>", "the error code that is answered", parseWhole)
    .option("--delay-ms <ms>", "of delay-acks", parseWhole)
    .addHelpText(
      "after",
      "\nKinds: drop-sockets, stream-error, refuse-login, nack, lose-acks, delay-acks, expire-media, ...",
    )
    .action(async (kind: string) => {
      const sandbox = await open();
      const { phone, count, code, delayMs } = fault.opts<Record<string, string | number>>();
      if (kind === "clear") {
        await sandbox.clearFaults();
        outputOf(fault, io).result({ cleared: true }, "Nothing fails any more.");
        return;
      }
      const result = await sandbox.fault(kind, { phone, count, code, delayMs });
      outputOf(fault, io).result(result, `${kind}: ${JSON.stringify(result)}`);
    });
}

/** commander sets `--no-` options to true by default: what was not given does not change. */
function behaviourOf(options: Behaviour, command: Command): object {
  const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
  return {
    ...(options.online === true ? { online: true } : {}),
    ...(options.offline === true ? { online: false } : {}),
    ...(isGiven("autoRead") ? { autoRead: options.autoRead } : {}),
    ...(isGiven("autoReply")
      ? { autoReply: options.autoReply === false ? null : options.autoReply }
      : {}),
  };
}
