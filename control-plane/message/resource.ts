import { z } from "@hono/zod-openapi";
import { messageSchema as sharedSchema } from "../../shared/message.ts";

export const messageSchema = z.object(sharedSchema.shape).openapi("Message");

/** The columns of message_resources that the API shows. */
export const messageColumns =
  "id,session_id,direction,source,chat_id,phone,lid,participant,type,text,status,wa_message_id,error,created_at,sent_at,delivered_at,read_at";
