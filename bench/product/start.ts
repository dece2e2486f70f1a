import { Pool } from "pg";
import type { Session } from "../../shared/session.ts";
import { type Answer, addKey, addTenant, type Tenant, tenantOf } from "../../tests/support/api.ts";
import type { SandboxAddress } from "../sandbox/start.ts";
import type { Gateway } from "../support/gateway.ts";
import { type ProductAddresses, spawnProduct } from "./spawn-product.ts";

/** More messages a minute than any bench sends. */
const unlimited = 1_000_000;

/** The product, started by `npm start` in some checkout, with a tenant that has a webhook. */
export interface Product extends Gateway {
  tenant: Tenant;
  pool: Pool;
  /** Another tenant, with the same webhook or none. */
  addTenant(webhookUrl?: string): Promise<Tenant>;
  /** The tenant with another key: each key has its own limit of open streams. */
  addKey(tenant: Tenant): Promise<Tenant>;
}

interface Page {
  data: Session[];
  next_cursor: string | null;
}

export async function startProduct(input: {
  column: "ours" | "before";
  directory: string;
  dataDir: string;
  sandbox: SandboxAddress;
  webhookUrl: string;
  /** The tenant of an earlier start with the same data. */
  tenant?: Tenant;
}): Promise<Product> {
  const spawned = await spawnProduct(input);
  const addresses = spawned.ready;
  const known = input.tenant;
  const tenant =
    known === undefined
      ? await addUnlimitedTenant(addresses, input.webhookUrl)
      : tenantOf(addresses.apiUrl, known.id, known.key);
  const pool = new Pool({ connectionString: addresses.databaseUrl, max: 1 });
  return {
    column: input.column,
    pid: spawned.pid,
    startSeconds: spawned.startSeconds,
    tenant,
    pool,
    addTenant: (webhookUrl) => addUnlimitedTenant(addresses, webhookUrl),
    addKey: (of) => addKey(addresses, of.id),
    async createSession(sessionId) {
      const body = { session_id: sessionId, name: sessionId };
      expectStatus(201, await tenant.post("/tenant/sessions", body));
      const answer = await tenant.get<{ qr: string }>(`/session/${sessionId}/qr`);
      return expectStatus(200, answer).qr;
    },
    async deleteSession(sessionId) {
      const { status } = await tenant.delete(`/session/${sessionId}`);
      if (status >= 300) throw new Error(`Session ${sessionId} was not deleted: ${status}`);
    },
    async countConnected() {
      let connected = 0;
      for (let cursor: string | null = ""; cursor !== null;) {
        const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const answer = await tenant.get<Page>(`/tenant/sessions?limit=100${query}`);
        const page = expectStatus(200, answer);
        connected += page.data.filter(({ state }) => state === "connected").length;
        cursor = page.next_cursor;
      }
      return connected;
    },
    async sendText({ sessionId, to, text }) {
      expectStatus(201, await tenant.post(`/session/${sessionId}/send`, { to, message: text }));
    },
    async stop() {
      await pool.end();
      await spawned.stop();
    },
  };
}

function addUnlimitedTenant(addresses: ProductAddresses, webhookUrl?: string): Promise<Tenant> {
  return addTenant(addresses, {
    rate_limit_per_minute: unlimited,
    ...(webhookUrl === undefined ? {} : { webhook_url: webhookUrl }),
  });
}

function expectStatus<Body>(expected: number, { status, body }: Answer<Body>): Body {
  if (status !== expected) {
    throw new Error(`Expected ${expected}, received ${status}: ${JSON.stringify(body)}`);
  }
  return body;
}
