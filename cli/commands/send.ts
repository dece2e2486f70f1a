import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { type Command, Option } from "commander";
import type { Message, WhatsAppClient } from "../../client/index.ts";
import { connect, readConnection } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";
import { printable } from "../output/printable.ts";

const kinds = ["image", "video", "audio", "document", "sticker"] as const;
type Kind = (typeof kinds)[number];

const kindOfExtension: Record<string, Kind> = {
  ".jpg": "image",
  ".jpeg": "image",
  ".png": "image",
  ".mp4": "video",
  ".3gp": "video",
  ".mp3": "audio",
  ".ogg": "audio",
  ".opus": "audio",
  ".m4a": "audio",
  ".wav": "audio",
  ".webp": "sticker",
};

interface Options {
  file?: string;
  as?: Kind;
  caption?: string;
  voice?: true;
  idempotencyKey?: string;
}

export function registerSend(program: Command, io: Io): void {
  const send = subcommand(
    program,
    "send <session> <to> [text]",
    "send a text, or a file with --file",
  )
    .option("--file <path>", "a file; its kind is told from its extension")
    .addOption(new Option("--as <kind>", "the kind of the file").choices(kinds))
    .option("--caption <text>", "for an image, a video or a document")
    .option("--voice", "send an audio as a voice message")
    .option("--idempotency-key <key>", "send once, however often the command is repeated")
    .addHelpText("after", "\nThe text - is read from stdin.")
    .action(async (session: string, to: string, text: string | undefined, options: Options) => {
      const client = connect(await readConnection(io.env));
      const message = await sendWith(client, {
        session,
        to,
        text: text === "-" ? await io.readStdin() : text,
        options,
        signal: io.signal,
      });
      outputOf(send, io).result(
        message,
        `${message.status} ${message.id} to ${printable(message.to ?? to)}`,
      );
    });
}

async function sendWith(
  client: WhatsAppClient,
  request: {
    session: string;
    to: string;
    text: string | undefined;
    options: Options;
    signal: AbortSignal;
  },
): Promise<Message> {
  const { session, to, text, options, signal } = request;
  const sendOptions = { signal, idempotencyKey: options.idempotencyKey };
  if (options.file === undefined) {
    if (text === undefined || text === "") {
      throw new CliError("What shall be sent? Add a text or --file.", exitCodes.usage);
    }
    return client.sendMessage(session, { to, message: text }, sendOptions);
  }
  const file = await readFile(options.file).catch((cause: unknown) => {
    throw new CliError(`${options.file} cannot be read.`, exitCodes.usage, cause);
  });
  const kind = options.as ?? kindOfExtension[extname(options.file).toLowerCase()] ?? "document";
  const caption = options.caption ?? text;
  const file_name = basename(options.file);
  switch (kind) {
    case "image":
      return client.sendImage(session, { to, image: file, caption, file_name }, sendOptions);
    case "video":
      return client.sendVideo(session, { to, video: file, caption, file_name }, sendOptions);
    case "document":
      return client.sendDocument(session, { to, document: file, caption, file_name }, sendOptions);
    case "audio":
      return client.sendAudio(
        session,
        { to, audio: file, voice: options.voice, file_name },
        sendOptions,
      );
    case "sticker":
      return client.sendSticker(session, { to, sticker: file }, sendOptions);
  }
}
