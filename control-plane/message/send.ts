import { ApiError, type ErrorCode } from "../../shared/errors.ts";
import type { Command } from "../../shared/command.ts";
import type { LocatedSession } from "../../shared/database.ts";
import type { Message } from "../../shared/message.ts";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { Caller } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { findFirstMessage } from "./idempotency.ts";

/** Longer than a connector waits for WhatsApp's ack. */
const commandTimeoutMs = 30_000;

export interface Send {
  caller: Caller;
  sessionId: string;
  idempotency: { key: string; request_hash: string } | undefined;
  commandFor: (sessionUid: string) => Command;
}

/** Sends a message, or finds the one that its idempotency key stands for. @throws ApiError */
export async function send(
  { database, connectors, fileLinks }: Services,
  { caller, sessionId, idempotency, commandFor }: Send,
): Promise<{ message: Message; replayed: boolean }> {
  const { tenantId } = caller;
  const result = await connectors
    .sendCommand({
      session: { tenantId, sessionId },
      isSend: true,
      commandFor,
      timeoutMs: commandTimeoutMs,
      // Without a key, repeating a send whose response was lost could send it twice.
      idempotent: idempotency !== undefined,
      check: (located) => rejectCannotSend(caller, located),
    })
    .catch(async (error: unknown) => {
      if (idempotency === undefined || !mayBeSentBefore(error)) throw error;
      const first = await findFirstMessage(database, { tenantId, ...idempotency });
      if (first === undefined) throw error;
      return { type: "message" as const, message: first, replayed: true };
    });
  if (result.type !== "message") throw new Error(`The connector responded with ${result.type}`);
  const { message, replayed } = result;
  if (message.status === "FAILED") throw rejectedError(message);
  return { message: await fileLinks.inMessage(tenantId, message), replayed };
}

/** @throws ApiError when the caller may not send from the session, or nothing can be sent from it now. */
export function rejectCannotSend(caller: Caller, located: LocatedSession): void {
  rejectTestKeyOnLive(caller, located);
  rejectNotConnected(located);
}

/** The message cannot be sent now; the first request with its key may have been before that. */
function mayBeSentBefore(error: unknown): boolean {
  const codes: ErrorCode[] = [
    "not_on_whatsapp",
    "session_not_connected",
    "session_unavailable",
    "connector_unavailable",
  ];
  return error instanceof ApiError && codes.includes(error.code);
}

/** The error for a message that is in the history as FAILED. */
function rejectedError({ id, error }: Message): ApiError {
  return new ApiError(
    "message_rejected",
    `${error?.message ?? "The message could not be sent."} It is in the history as message ${id} with status FAILED.`,
  );
}

/** A session that is moving gets a new owner soon; one that is unpaired or disconnected does not. */
function rejectNotConnected(located: LocatedSession): void {
  const moving = located.state === "connected" || located.state === "reconnecting";
  if (located.desired === "disconnected" || (located.connector_url === null && !moving)) {
    throw new ApiError(
      "session_not_connected",
      `The session is ${located.state}. Connect it first with GET /session/:sessionId/qr.`,
    );
  }
}
