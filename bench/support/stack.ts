import { type Stack, startStack } from "../../local/stack.ts";
import { addTenant, type Tenant } from "../../tests/support/api.ts";

/** The whole product with temporary data, for as long as `work` takes. */
export async function withStack(work: (stack: Stack) => Promise<void>): Promise<void> {
  const stack = await startStack(
    { port: 0, data: "", memory: true, json: false, connectors: 1, sandbox: true },
    () => {},
  );
  const interrupted = () => void stack.stop().finally(() => process.exit(130));
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  try {
    await work(stack);
  } finally {
    await stack.stop();
  }
}

/** A tenant that no limit slows down. */
export function addUnlimitedTenant(stack: Stack): Promise<Tenant> {
  return addTenant(stack.addresses, { rate_limit_per_minute: 1_000_000 });
}

export function sandboxOf(stack: Stack): string {
  const { sandboxUrl } = stack.addresses;
  if (sandboxUrl === null) throw new Error("The stack was started without its sandbox");
  return sandboxUrl;
}

export function databaseOf(stack: Stack): string {
  const { databaseUrl } = stack.addresses;
  if (databaseUrl === null) throw new Error("The stack was started with another Supabase");
  return databaseUrl;
}

export function connectorOf(stack: Stack): string {
  const [url] = stack.addresses.connectorUrls;
  if (url === undefined) throw new Error("The stack has no connector");
  return url;
}
