import { AdminOperations, TenantOperations } from "./operations.generated.ts";
import type { RequestOptions } from "./request/options.ts";
import { Transport } from "./request/transport.ts";

interface ClientSettings extends Omit<RequestOptions, "signal"> {
  /** The URL of the API, like `https://api.example.com`. */
  baseUrl: string;
  /** Instead of the global fetch: a proxy's, or one for tests. */
  fetch?: typeof fetch | undefined;
}

export interface WhatsAppClientSettings extends ClientSettings {
  /** A key of the tenant: `sk_live_...`, or `sk_test_...` for the sandbox network. */
  apiKey: string;
}

export interface WhatsAppAdminSettings extends ClientSettings {
  /** The operator's key (`ADMIN_KEY`). */
  adminKey: string;
}

/**
 * The API with a tenant's key.
 * @example
 * const whatsapp = new WhatsAppClient({ apiKey: "sk_live_...", baseUrl: "https://api.example.com" });
 * await whatsapp.sendMessage("support_team", { to: "393331234567", message: "Hi!" });
 */
export class WhatsAppClient extends TenantOperations {
  readonly #transport: Transport;

  constructor(settings: WhatsAppClientSettings) {
    const { apiKey, ...others } = settings;
    const transport = new Transport({ ...others, key: headerOf("X-Api-Key", "apiKey", apiKey) });
    super(transport);
    this.#transport = transport;
  }

  /** The QR code as an image, to scan with the phone. Rejects with 409 once it is connected. */
  async getQrImage(
    sessionId: string,
    format: "png" | "svg" = "png",
    options: RequestOptions = {},
  ): Promise<Uint8Array> {
    const request = { method: "GET", path: ["session", sessionId, "qr"], query: { format } };
    const response = await this.#transport.response(request, options);
    return new Uint8Array(await response.arrayBuffer());
  }
}

/**
 * The API with the operator's key: tenants, their keys and webhook endpoints.
 * @example
 * const admin = new WhatsAppAdmin({ adminKey, baseUrl: "https://api.example.com" });
 * await admin.createTenant({ tenant_id: "my_saas", name: "My SaaS" });
 */
export class WhatsAppAdmin extends AdminOperations {
  constructor(settings: WhatsAppAdminSettings) {
    const { adminKey, ...others } = settings;
    super(new Transport({ ...others, key: headerOf("X-Admin-Key", "adminKey", adminKey) }));
  }
}

/** Fails at once, not at the first request with fetch's sentence about a header. */
function headerOf(header: string, name: string, value: string): { header: string; value: string } {
  if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return { header, value };
  throw new TypeError(`${name} must be the key as it was shown, without spaces or line breaks`);
}
