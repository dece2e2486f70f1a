import type { Context } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import type { Phone } from "../phone/phone.ts";
import { SandboxError } from "../sandbox-error.ts";

/** A phone number as people write it: digits, an optional `+` or `00`, separators. */
export const phoneNumber = z
  .string()
  .transform((text) => text.replace(/[\s().+/-]/g, "").replace(/^00/, ""))
  .refine((digits) => /^[1-9]\d{6,14}$/.test(digits), {
    error: "must be an international phone number of 7 to 15 digits, such as 393331234567",
  });

/** The request's JSON body, checked; throws `invalid_request` naming each wrong field. */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  let body: unknown;
  try {
    body = await c.req.json();
  } catch (error) {
    throw new SandboxError("invalid_request", "The body must be JSON.", { cause: error });
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issues = result.error.issues.map(
    ({ path, message }) => `${path.join(".") || "body"}: ${message}`,
  );
  throw new SandboxError("invalid_request", issues.join("; "), { cause: result.error });
}

/** The phone that the path names. */
export function phoneOf(c: Context, network: Network): Phone {
  const number = phoneNumber.safeParse(c.req.param("phone"));
  if (!number.success) {
    throw new SandboxError("phone_not_found", "The path must name a phone by its number.");
  }
  return network.phones.get(number.data);
}
