import { z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { bulkSchema as sharedSchema } from "../../shared/queue.ts";
import { sessionParams } from "../session/resource.ts";

export const bulkSchema = z
  .object({
    ...sharedSchema.shape,
    by_status: z.record(z.string(), z.number().int()).openapi({
      description: "How many of its messages have each status",
      example: { QUEUED: 990, SENT: 10 },
    }),
    done: z
      .boolean()
      .openapi({ description: "Whether none of them is queued or on its way any more" }),
  })
  .openapi("Bulk");

export const bulkParams = sessionParams.extend({ bulkId: z.string() });

/** An id of another form cannot belong to a bulk. */
export function requireBulkId(id: string): void {
  if (!z.uuid().safeParse(id).success) throw bulkNotFound(id);
}

export function bulkNotFound(id: string): ApiError {
  return new ApiError(
    "not_found",
    `The session has no bulk "${id}". POST /session/:sessionId/send-bulk makes one.`,
  );
}
