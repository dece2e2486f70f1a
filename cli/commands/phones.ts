import type { Command } from "commander";
import { connect, readConnection, readSandboxUrl } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
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

  const remove = subcommand(phones, "delete <phone>", "delete a phone").action(
    async (phone: string) => {
      await (await open()).delete(phone);
      outputOf(remove, io).result({ deleted: phone }, `Deleted ${phone}.`);
    },
  );
}
