import type { Command } from "commander";
import { encodeQR } from "qr";
import { ApiError, type Session, type WhatsAppClient } from "../../client/index.ts";
import { connect, readConnection } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { parseSeconds } from "../option-values.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";
import type { Output } from "../output/output.ts";
import { sleep } from "../sleep.ts";

const pollMs = 2_000;

interface Options {
  phone?: string;
  name?: string;
  wait: boolean;
  timeout: number;
}

export function registerPair(program: Command, io: Io): void {
  const pair = subcommand(program, "pair [session]", "pair a session with a phone by QR or code")
    .option("--phone <number>", "pair by a code to enter on the phone with this number")
    .option("--name <name>", "the name of the session when it is new")
    .option("--no-wait", "show the QR or code and exit")
    .option("--timeout <seconds>", "how long to wait for the phone", parseSeconds, 180)
    .action(async (sessionId: string | undefined, options: Options) => {
      const output = outputOf(pair, io);
      const client = connect(await readConnection(io.env));
      const pairing = { client, sessionId: sessionId ?? "main", output, signal: io.signal };
      const session = await findOrCreate(pairing, options.name);
      if (session.state === "connected") {
        output.result({ event: "connected", session }, connectedLine(session));
        return;
      }
      await (options.phone === undefined
        ? pairByQr(pairing, options)
        : pairByCode(pairing, options.phone, options));
    });
}

interface Pairing {
  client: WhatsAppClient;
  sessionId: string;
  output: Output;
  signal: AbortSignal;
}

async function findOrCreate(pairing: Pairing, name: string | undefined): Promise<Session> {
  const { client, sessionId, output, signal } = pairing;
  try {
    return await client.getSession(sessionId, { signal });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    output.note(`Creating the session ${sessionId} ...`);
    return client.createSession({ session_id: sessionId, name }, { signal });
  }
}

/** Shows each QR code until the phone has scanned one. They expire, and others follow. */
async function pairByQr(pairing: Pairing, options: Options): Promise<void> {
  const { client, sessionId, output, signal } = pairing;
  const endsAt = Date.now() + options.timeout * 1_000;
  let shown: string | null = null;
  for (;;) {
    const { qr, state, expires_at } = await client.getQr(sessionId, { signal });
    if (qr !== null && qr !== shown) {
      shown = qr;
      output.result({ event: "qr", qr, expires_at }, [
        drawQr(qr, output.hasColours),
        "WhatsApp on the phone: Settings, Linked devices, Link a device.",
      ]);
      if (!options.wait) return;
    }
    if (state === "connected") break;
    await waitOrFail(endsAt, signal);
  }
  await showConnected(pairing, endsAt);
}

async function pairByCode(pairing: Pairing, phone: string, options: Options): Promise<void> {
  const { client, sessionId, output, signal } = pairing;
  const { code, expires_at } = await client.createPairingCode(sessionId, { phone }, { signal });
  output.result({ event: "code", code, expires_at }, [
    `Enter this code on the phone: ${code.slice(0, 4)}-${code.slice(4)}`,
    "WhatsApp on the phone: Settings, Linked devices, Link a device, Link with phone number.",
  ]);
  if (options.wait) await showConnected(pairing, Date.now() + options.timeout * 1_000);
}

async function showConnected(pairing: Pairing, endsAt: number): Promise<void> {
  const { client, sessionId, output, signal } = pairing;
  for (;;) {
    const session = await client.getSession(sessionId, { signal });
    if (session.state === "connected") {
      output.result({ event: "connected", session }, connectedLine(session));
      return;
    }
    await waitOrFail(endsAt, signal);
  }
}

async function waitOrFail(endsAt: number, signal: AbortSignal): Promise<void> {
  if (Date.now() >= endsAt) {
    throw new CliError(
      "No phone has paired in time. Run wm pair again; --timeout waits longer.",
      exitCodes.failed,
    );
  }
  await sleep(Math.min(pollMs, Math.max(1, endsAt - Date.now())), signal);
}

function connectedLine({ session_id, phone }: Session): string {
  return `${session_id} is connected${phone === null ? "" : ` as ${phone}`}. Try: wm send ${session_id} <number> "Hello"`;
}

/** Colours show it right on dark and on light terminals; without them it is for dark ones. */
export function drawQr(text: string, hasColours: boolean): string {
  return encodeQR(text, hasColours ? "term" : "ascii", { ecc: "low", border: 2 });
}
