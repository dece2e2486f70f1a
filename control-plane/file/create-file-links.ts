import type { Config } from "../config.ts";
import { FileLinks } from "./file-links.ts";

/** The links of this deployment: the Worker and its Durable Objects sign and accept the same. */
export function createFileLinks({ commandPrivateKey, publicUrl }: Config): FileLinks {
  return new FileLinks({ secret: commandPrivateKey, publicUrl, now: () => Date.now() });
}
