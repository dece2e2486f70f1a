import { type Network, networks } from "../../shared/session.ts";
import type { Caller } from "../http/app-env.ts";

/** The networks whose keys a caller may change: a test key must not end a live one. */
export function networksOf(caller: Caller): readonly Network[] {
  return caller.network === "sandbox" ? ["sandbox"] : networks;
}
