import { z } from "@hono/zod-openapi";
import { messageSchema as sharedSchema } from "../../shared/message.ts";

export const messageSchema = z.object(sharedSchema.shape).openapi("Message");
