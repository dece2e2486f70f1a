import { ApiError } from "../../shared/errors.ts";
import {
  queueFieldErrors,
  type QueueFields,
  queueFieldsSchema,
} from "../../shared/queue-fields.ts";

const { shape } = queueFieldsSchema;

const timing = {
  send_at: shape.send_at.openapi({
    type: "string",
    format: "date-time",
    description: "Not before this time; within a year",
  }),
  expires_at: shape.expires_at.openapi({
    type: "string",
    format: "date-time",
    description: "Not after this time: then the message is FAILED with the code expired",
  }),
  priority: shape.priority.openapi({
    type: "integer",
    minimum: -10,
    maximum: 10,
    description:
      "Of two chats the one with the message of higher priority goes first; within a chat the order stays. 0 unless set.",
  }),
};

/** Of an endpoint whose messages are all queued. */
export const queueTimingFields = timing;

/** Of an endpoint that sends at once unless it is told to queue. */
export const queueFields = {
  queue: shape.queue.openapi({
    type: "boolean",
    description:
      "Put the message into the session's queue, which sends it at its pace, and answer 202 at once. The session need not be connected.",
  }),
  ...timing,
};

/** @throws ApiError that names the fields which do not go together */
export function rejectQueueFields(fields: QueueFields, nowMs: number): void {
  const errors = queueFieldErrors(fields, nowMs);
  if (errors.length === 0) return;
  throw new ApiError(
    "invalid_request",
    "Correct the fields listed in errors and send the request again.",
    { errors },
  );
}
