import { z } from "zod";

export const networks = ["live", "sandbox"] as const;
export const networkSchema = z.enum(networks);
export type Network = z.infer<typeof networkSchema>;

export const sessionStates = [
  "created",
  "connecting",
  "qr",
  "pairing_code",
  "connected",
  "reconnecting",
  "logged_out",
  "disconnected",
] as const;
export const sessionStateSchema = z.enum(sessionStates);
export type SessionState = z.infer<typeof sessionStateSchema>;

export const sessionIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    "Must be 1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit",
  );

/**
 * Why a connection ended, or could not be opened: a stable reason, WhatsApp's close code if there was
 * one, what to do if there is something to do, the time.
 */
export const disconnectSchema = z.object({
  reason: z.string(),
  code: z.number().int().optional(),
  detail: z.string().optional(),
  at: z.string(),
});
export type Disconnect = z.infer<typeof disconnectSchema>;

/** A session as the API shows it. */
export const sessionSchema = z.object({
  session_id: sessionIdSchema,
  name: z.string(),
  description: z.string().nullable(),
  state: sessionStateSchema,
  network: networkSchema,
  phone: z.string().nullable(),
  lid: z.string().nullable(),
  connected_at: z.string().nullable(),
  last_disconnect: disconnectSchema.nullable(),
  created_at: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;
