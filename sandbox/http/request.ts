import type { Context } from "hono";
import { z } from "zod";
import type { Phone } from "../phone/phone.ts";
import type { Phones } from "../phone/phones.ts";
import { SandboxError } from "../sandbox-error.ts";

/** A phone number as people write it: digits, an optional `+` or `00`, separators. */
export const phoneNumber = z
  .string()
  .transform((text) => text.replace(/[\s().+/-]/g, "").replace(/^00/, ""))
  .refine((digits) => /^[1-9]\d{6,14}$/.test(digits), {
    error: "must be an international phone number of 7 to 15 digits, such as 393331234567",
  });

/**
 * Parses the request's JSON body. Throws `invalid_request`, which names each invalid field, or
 * `unsupported_media_type`.
 */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  // A web page may send any other type to 127.0.0.1 without a preflight request.
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    throw new SandboxError(
      "unsupported_media_type",
      "The body must be JSON. Add the header content-type: application/json.",
    );
  }
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

/** The phone that the path names. Throws `phone_not_found`. */
export function phoneParam(c: Context, phones: Phones): Phone {
  const number = phoneNumber.safeParse(c.req.param("phone"));
  if (!number.success) {
    throw new SandboxError("phone_not_found", "The path must contain a phone number.");
  }
  return phones.get(number.data);
}

/** Like `phoneParam`, for what a user does on the phone. Throws `phone_offline` too. */
export function onlinePhoneParam(c: Context, phones: Phones): Phone {
  const phone = phoneParam(c, phones);
  if (phone.account.behaviour.online) return phone;
  throw new SandboxError(
    "phone_offline",
    'This phone is offline. Bring it online with POST /phones/:phone/behaviour {"online":true}.',
  );
}
