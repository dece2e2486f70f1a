import { z } from "@hono/zod-openapi";
import { ApiError, type FieldError } from "../../shared/errors.ts";
import { recipientSchema } from "../../shared/media.ts";
import { maxTextLength } from "../../shared/message.ts";
import { storableText } from "../../shared/text.ts";
import { queueTimingFields } from "../message/queue-fields.ts";
import { recipientColumns } from "../message/queue-message.ts";
import { render, variablesOf } from "./template.ts";

const maxRecipients = 1000;
/** Of all texts together: they go to the database in one call. */
const maxTotalLength = 4_000_000;
const maxErrors = 100;

const variables = z.record(z.string().max(100), storableText({ max: 4096 }));

const bulkRow = z.object({
  to: recipientSchema.openapi({ example: "393331234567" }),
  variables: variables.optional().openapi({ example: { name: "Ada" } }),
});

export const bulkBody = z.object({
  message: storableText({ min: 1, max: maxTextLength }).openapi({
    description: "The text, with a {{name}} for each variable of the recipients",
    example: "Hello {{name}}, your order is ready.",
  }),
  recipients: z
    .array(bulkRow, { error: "Must be a list of recipients" })
    .min(1)
    .max(maxRecipients)
    .openapi({ description: "1 to 1,000, each with the variables of the text" }),
  ...queueTimingFields,
});
export type BulkBody = z.infer<typeof bulkBody>;

/** The messages of a bulk. @throws ApiError that lists the recipients which are wrong */
export function messagesOf({ message, recipients }: BulkBody) {
  const names = variablesOf(message);
  const seen = new Map<string, number>();
  const errors: FieldError[] = [];
  let totalLength = 0;
  const messages = recipients.map(({ to, variables: given = {} }, index) => {
    const field = `recipients.${index}`;
    for (const name of names.filter((known) => !Object.hasOwn(given, known))) {
      errors.push({
        field: `${field}.variables.${name}`,
        detail: "Is used by the text but missing",
      });
    }
    const text = render(message, given);
    if (text.length > maxTextLength || text === "") {
      errors.push({ field, detail: `The text must have 1 to ${maxTextLength} characters` });
    }
    totalLength += text.length;
    const columns = recipientColumns(to);
    const key = `${columns.chat_id} ${text}`;
    const first = seen.get(key);
    if (first !== undefined) {
      errors.push({ field, detail: `Has the same recipient and text as recipients.${first}` });
    }
    seen.set(key, first ?? index);
    return { ...columns, text };
  });
  if (totalLength > maxTotalLength) {
    errors.push({
      field: "message",
      detail: `All texts together must have at most ${maxTotalLength} characters`,
    });
  }
  if (errors.length > 0) throw invalidRecipients(errors);
  return messages;
}

function invalidRecipients(errors: FieldError[]): ApiError {
  const shown = errors.length > maxErrors ? ` The first ${maxErrors} are listed.` : "";
  return new ApiError(
    "invalid_request",
    `Nothing was queued: correct the recipients listed in errors and send the request again.${shown}`,
    { errors: errors.slice(0, maxErrors) },
  );
}
