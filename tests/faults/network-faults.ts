import { call } from "../support/api.ts";
import type { Environment } from "./environment.ts";

/** A fault of the simulated WhatsApp network; sandbox/README.md lists them. */
export async function injectNetworkFault(
  { stack }: Environment,
  fault: Record<string, unknown>,
): Promise<void> {
  const { status, body } = await call("POST", `${stack.addresses.sandboxUrl}/faults`, {
    body: fault,
  });
  if (status >= 300) throw new Error(`The sandbox refused the fault: ${JSON.stringify(body)}`);
}

/** Ends the faults that wait for messages. */
export async function clearNetworkFaults({ stack }: Environment): Promise<void> {
  await call("DELETE", `${stack.addresses.sandboxUrl}/faults`);
}
