import { z } from "@hono/zod-openapi";
import { tenantParams } from "./tenant-resource.ts";

/** Any text is accepted as the id: one of another form leads to 404, not to 422. */
export const webhookParams = tenantParams.extend({ webhookId: z.string() });
