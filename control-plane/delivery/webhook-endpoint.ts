import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../config.ts";
import { connectDatabase } from "../database/connect.ts";
import { unwrap } from "../database/unwrap.ts";
import { createFileLinks } from "../file/create-file-links.ts";
import { logEvent } from "../http/log.ts";
import { EndpointDelivery } from "./endpoint-delivery.ts";
import { openSecrets } from "./open-secrets.ts";
import { WebhookSecrets } from "./webhook-secrets.ts";
import { withFileLinks } from "./with-file-links.ts";
import { post, type PostDeps, type PostedEvent, type PostOutcome } from "./post.ts";

/**
 * Delivers to one endpoint; its name is the endpoint's id. Each endpoint has an object of its own,
 * so that one that hangs keeps nobody else's connections.
 */
export class WebhookEndpoint extends DurableObject {
  readonly #delivery: EndpointDelivery;
  readonly #postDeps: PostDeps;
  #wakesAt: number | undefined;
  #wakeTimer: ReturnType<typeof setTimeout> | null = null;
  #isTesting = false;

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    const config = parseConfig(env);
    const database = connectDatabase({ url: config.supabaseUrl, key: config.supabaseKey });
    const fileLinks = createFileLinks(config);
    const now = () => Date.now();
    const secrets = new WebhookSecrets(config.webhookSecretKeys);
    this.#postDeps = { fetch, now, allowPrivateUrls: config.allowPrivateUrls };
    const endpointId = context.id.name ?? "";
    this.#delivery = new EndpointDelivery({
      endpointId,
      advance: async (request) => {
        const progress = await unwrap(database.rpc("advance_endpoint", request));
        return (
          progress &&
          withFileLinks(await openSecrets(progress, { secrets, database, endpointId }), fileLinks)
        );
      },
      post: (request) => post(request, this.#postDeps),
      now,
      random: () => Math.random(),
      wakeAt: (time) => this.#wakeAt(time),
      log: (event, fields) => logEvent("warn", event, fields),
    });
  }

  /** See EndpointDelivery.notify. */
  notify(seq: number): number {
    return this.#delivery.notify(seq);
  }

  /** The endpoint's settings or deliveries were changed. */
  reload(): void {
    this.#delivery.reload();
  }

  /** Posts an event that is not in the log. Undefined: another test is under way. */
  async test(request: {
    url: string;
    secrets: readonly string[];
    event: PostedEvent;
  }): Promise<PostOutcome | undefined> {
    if (this.#isTesting) return undefined;
    this.#isTesting = true;
    try {
      return await post({ ...request, attempt: 1 }, this.#postDeps);
    } finally {
      this.#isTesting = false;
    }
  }

  /**
   * A timer, which an eviction ends: then the next sweep of the hub does it. An alarm would be
   * written to disk for every pause, and with many failing endpoints everybody waits for the disk.
   */
  #wakeAt(time: number): void {
    if (this.#wakesAt !== undefined && this.#wakesAt <= time) return;
    this.#wakesAt = time;
    clearTimeout(this.#wakeTimer);
    this.#wakeTimer = setTimeout(() => {
      this.#wakesAt = undefined;
      this.#delivery.wake();
    }, time - Date.now());
  }
}
