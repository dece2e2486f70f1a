import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { Phone } from "../phone/phone.ts";
import type { Phones } from "../phone/phones.ts";
import { SandboxError } from "../sandbox-error.ts";

/** A phone number as people write it: digits, an optional `+` or `00`, separators. */
export const phoneNumber = z
  .string()
  .transform((text) => text.replace(/[\s().+/-]/g, "").replace(/^00/, ""))
  .refine((digits) => /^[1-9]\d{6,14}$/.test(digits), {
    error: "must be an international phone number of 7 to 15 digits, such as 393331234567",
  })
  .openapi({ type: "string", example: "393331234567" });

/** The parameters of paths that start with `/phones/{phone}`. */
export const phonePath = z.object({ phone: z.string().openapi({ example: "393331234567" }) });

/** A body must be JSON: a web page may send any other type to 127.0.0.1 without a preflight. */
export const requireJsonBody: MiddlewareHandler = async (c, next) => {
  if (
    c.req.method === "POST" &&
    !/^application\/json\b/i.test(c.req.header("content-type") ?? "")
  ) {
    throw new SandboxError(
      "unsupported_media_type",
      "The body must be JSON. Add the header content-type: application/json.",
    );
  }
  await next();
};

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
