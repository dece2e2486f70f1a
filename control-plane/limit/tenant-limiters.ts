import { describeError, logEvent } from "../http/log.ts";
import type { Taken } from "./rate-window.ts";
import type { TenantLimiter } from "./tenant-limiter.ts";

const timeoutMs = 1_000;

/** The objects that count the requests of each tenant. */
export class TenantLimiters {
  readonly #namespace: DurableObjectNamespace<TenantLimiter>;

  constructor(namespace: DurableObjectNamespace<TenantLimiter>) {
    this.#namespace = namespace;
  }

  /**
   * Counts a request. Undefined when the object does not answer: the request is then let through,
   * because a limit that cannot be checked must not stop a tenant's messages.
   */
  async take(request: { tenantId: string; limit: number }): Promise<Taken | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await Promise.race([
        this.#namespace.getByName(request.tenantId).take(request),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error("No answer in time")), timeoutMs);
        }),
      ]);
    } catch (error) {
      logEvent("warn", "limit_not_checked", {
        tenant_id: request.tenantId,
        ...describeError(error),
      });
      return undefined;
    } finally {
      clearTimeout(timer ?? null);
    }
  }
}
