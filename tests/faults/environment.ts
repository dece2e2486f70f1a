import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "pg";
import { type Stack, startStack } from "../../local/stack.ts";
import { addTenant, call, type Tenant } from "../support/api.ts";
import { addPhone, pairSession, type Phone } from "../support/phone.ts";
import { followEvents, type Reader } from "./stream-reader.ts";
import { Random } from "./random.ts";
import { startFlakyReceiver, type Receiver } from "./flaky-receiver.ts";

/** The pace of the queue in this test; 20 s by default. */
export const sendIntervalMs = 250;

/** A session, the phone it is linked to, and its device id on that phone. */
export interface Member {
  tenant: Tenant;
  sessionId: string;
  owner: Phone;
  deviceId: number;
}

export interface Customer {
  tenant: Tenant;
  receiver: Receiver;
  reader: Reader;
}

/** The whole product with customers, their sessions, and contacts that exchange messages with them. */
export interface Environment {
  stack: Stack;
  random: Random;
  customers: Customer[];
  members: Member[];
  contacts: Phone[];
  /** For checks and for cutting connections, bypassing every component. */
  pool: Pool;
  logDir: string;
  /** Components that exited without having been asked to. */
  crashes: string[];
  stop(): Promise<void>;
}

export interface EnvironmentOptions {
  seed: number;
  tenants: number;
  sessionsPerTenant: number;
  contacts: number;
}

export async function createEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const random = new Random(options.seed);
  const data = await mkdtemp(join(tmpdir(), "whatsapp-microservice-faults-"));
  const crashes: string[] = [];
  const stack = await startStack(
    { port: 0, data, memory: false, json: false, connectors: 2, sandbox: true },
    (line) => {
      if (line.includes("exited unexpectedly")) crashes.push(line);
    },
  );
  const { addresses } = stack;
  const sandbox = addresses.sandboxUrl ?? "";
  const pool = new Pool({ connectionString: addresses.databaseUrl ?? "", max: 2 });
  // Its own connections get cut as well.
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", () => {});

  const customers: Customer[] = [];
  const members: Member[] = [];
  for (let index = 0; index < options.tenants; index += 1) {
    const tenant = await addTenant(addresses);
    await pool.query("update tenants set send_interval_ms = $1 where tenant_id = $2", [
      sendIntervalMs,
      tenant.id,
    ]);
    const receiver = await startFlakyReceiver(random.fork());
    await call("POST", `${addresses.apiUrl}/admin/tenants/${tenant.id}/webhooks`, {
      headers: { "X-Admin-Key": addresses.adminKey },
      body: { url: receiver.url },
    });
    customers.push({ tenant, receiver, reader: followEvents(tenant, random.fork()) });
    for (let number = 0; number < options.sessionsPerTenant; number += 1) {
      const sessionId = `s${number}`;
      const owner = await pairSession(tenant, sandbox, sessionId);
      const [device] = await linkedDevices(owner);
      if (device === undefined) throw new Error("Paired without a device");
      members.push({ tenant, sessionId, owner, deviceId: device.id });
    }
  }
  const contacts: Phone[] = [];
  for (let index = 0; index < options.contacts; index += 1) contacts.push(await addPhone(sandbox));

  return {
    stack,
    random,
    customers,
    members,
    contacts,
    pool,
    crashes,
    logDir: join(data, "logs"),
    async stop() {
      for (const { reader, receiver } of customers) {
        reader.stop();
        await receiver.stop();
      }
      await pool.end();
      await stack.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

export interface LinkedDevice {
  id: number;
  online: boolean;
}

export async function linkedDevices(owner: Phone): Promise<LinkedDevice[]> {
  const { body } = await owner.get<{ linked_devices: LinkedDevice[] }>("");
  return body.linked_devices;
}
