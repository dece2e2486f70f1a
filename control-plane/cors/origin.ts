import { z } from "@hono/zod-openapi";

const maxLength = 300;
/** Scheme, host and port. Apps in a web view have schemes of their own, such as `capacitor`. */
const form = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$/;

/** Whether this is an origin as browsers send it. `null`, which any page can send, is none. */
export function isOrigin(text: string): boolean {
  return text.length <= maxLength && form.test(text) && isNormalized(text);
}

export const originSchema = z
  .string()
  .refine(
    isOrigin,
    "Must be an origin as browsers send it, such as https://app.example.com: lower case, no path, no default port, no wildcard",
  );

/** Only URLs of http and https have an origin to compare with. */
function isNormalized(text: string): boolean {
  if (!/^https?:/.test(text)) return true;
  return URL.canParse(text) && new URL(text).origin === text;
}
