import { z } from "@hono/zod-openapi";
import { queueSettingsSchema } from "../../shared/queue.ts";

const { shape } = queueSettingsSchema;

/** The settings of a queue in a request. Null leaves a setting to the next level. */
export const queueSettingsFields = z.object({
  send_interval_ms: shape.send_interval_ms.nullish().openapi({
    description:
      "The time between two queued messages of a session. null: as the tenant, or the installation, has it.",
    example: 20_000,
  }),
  max_messages_per_minute: shape.max_messages_per_minute.nullish().openapi({
    description:
      "Another way to set the pace. With send_interval_ms beside it the slower of both counts.",
    example: 3,
  }),
  poll_interval_ms: shape.poll_interval_ms.nullish().openapi({
    description:
      "The queue is read at least this often; a notification normally makes it much sooner.",
    example: 10_000,
  }),
  max_retries: shape.max_retries.nullish().openapi({
    description: "How often a message that failed is tried again",
    example: 3,
  }),
});

const nullableInteger = z.number().int().nullable();

/** The settings of a queue in an answer. Null where the next level decides. */
export const queueSettingsShown = z.object({
  send_interval_ms: nullableInteger,
  max_messages_per_minute: nullableInteger,
  poll_interval_ms: nullableInteger,
  max_retries: nullableInteger,
});

export const warningSchema = z.string().nullable().openapi({
  description:
    "What to know about this pace: above 10 messages a minute WhatsApp may ban the number",
});

export const sessionSettingsSchema = queueSettingsShown
  .extend({
    effective: z
      .object({
        interval_ms: z.number().int(),
        poll_interval_ms: z.number().int(),
        max_retries: z.number().int(),
      })
      .openapi({ description: "What holds, after the session, the tenant and the installation" }),
    warning: warningSchema,
  })
  .openapi("QueueSettings");
