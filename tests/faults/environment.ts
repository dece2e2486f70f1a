import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "pg";
import type { Configure } from "../../local/components/start-component.ts";
import { type Stack, startStack } from "../../local/stack.ts";
import { addTenant, call, type Tenant } from "../support/api.ts";
import { addPhone, pairSession, type Phone } from "../support/phone.ts";
import { NetworkPaths } from "./network-paths.ts";
import { Random } from "./random.ts";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "./receiver.ts";
import { followEvents, type Reader } from "./stream-reader.ts";

/** A session, the phone it is linked to, and its device id on that phone. */
export interface Member {
  tenant: Tenant;
  sessionId: string;
  owner: Phone;
  deviceId: number;
  /** The numbers that it was linked to before, and what was sent or under way until then. */
  earlier: { number: string; until: number; texts: Set<string> }[];
}

export interface Customer {
  tenant: Tenant;
  receiver: Receiver;
  reader: Reader;
}

/** The whole product with customers, their sessions, and contacts that exchange messages with them. */
export interface Environment {
  stack: Stack;
  paths: NetworkPaths;
  random: Random;
  customers: Customer[];
  members: Member[];
  contacts: Phone[];
  /** The pace of the queue: milliseconds between two messages of a session. */
  sendIntervalMs: number;
  /** For checks and for cutting connections, bypassing every component. */
  pool: Pool;
  dataDir: string;
  logDir: string;
  /** Components that exited without having been asked to. */
  crashes: string[];
  stop(): Promise<void>;
}

export interface EnvironmentOptions {
  seed: number;
  /** How many sessions each tenant has. */
  sessions: number[];
  contacts: number;
  connectors: number;
  sendIntervalMs: number;
  receivers: ReceiverBehaviour;
  /** Changes what a component is started with, after the proxies were put in place. */
  configure: Configure;
}

export const defaultEnvironment: EnvironmentOptions = {
  seed: 7,
  sessions: [2, 2],
  contacts: 3,
  connectors: 2,
  sendIntervalMs: 250,
  receivers: { kind: "accept" },
  configure: (_component, env) => Promise.resolve(env),
};

/** Pairing costs much computing; more at once would only be slower. */
const pairingsAtOnce = 4;

export async function createEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const random = new Random(options.seed);
  const dataDir = await mkdtemp(join(tmpdir(), "whatsapp-microservice-faults-"));
  const crashes: string[] = [];
  const paths = new NetworkPaths();
  const stack = await startStack(
    {
      port: 0,
      data: dataDir,
      memory: false,
      json: false,
      connectors: options.connectors,
      sandbox: true,
    },
    (line) => {
      if (line.includes("exited unexpectedly")) crashes.push(line);
    },
    {
      configure: async (component, env) =>
        options.configure(component, await paths.configure(component, env)),
    },
  );
  const { addresses } = stack;
  const sandbox = addresses.sandboxUrl ?? "";
  const pool = new Pool({ connectionString: addresses.databaseUrl ?? "", max: 4 });
  // Its own connections get cut as well.
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", () => {});

  const environment: Environment = {
    stack,
    paths,
    random,
    customers: [],
    members: [],
    contacts: [],
    sendIntervalMs: options.sendIntervalMs,
    pool,
    dataDir,
    logDir: join(dataDir, "logs"),
    crashes,
    async stop() {
      for (const { reader, receiver } of environment.customers) {
        reader.stop();
        await receiver.stop();
      }
      await pool.end();
      await stack.stop();
      await paths.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  try {
    for (const sessions of options.sessions) await addCustomer(environment, sessions, options);
    for (let index = 0; index < options.contacts; index += 1) {
      environment.contacts.push(await addPhone(sandbox));
    }
    return environment;
  } catch (error) {
    await environment.stop();
    throw error;
  }
}

async function addCustomer(
  environment: Environment,
  sessions: number,
  options: EnvironmentOptions,
): Promise<void> {
  const { stack, pool, random } = environment;
  const tenant = await addTenant(stack.addresses);
  await pool.query("update tenants set send_interval_ms = $1 where tenant_id = $2", [
    options.sendIntervalMs,
    tenant.id,
  ]);
  const receiver = await startReceiver(random.fork(), options.receivers);
  await addWebhook(environment, tenant, receiver.url);
  environment.customers.push({ tenant, receiver, reader: followEvents(tenant, random.fork()) });
  const names = Array.from({ length: sessions }, (_, index) => `s${index}`);
  for (let start = 0; start < names.length; start += pairingsAtOnce) {
    await Promise.all(
      names
        .slice(start, start + pairingsAtOnce)
        .map((name) => addMember(environment, tenant, name)),
    );
  }
}

async function addMember(
  environment: Environment,
  tenant: Tenant,
  sessionId: string,
): Promise<void> {
  const sandbox = environment.stack.addresses.sandboxUrl ?? "";
  const owner = await pairSession(tenant, sandbox, sessionId);
  const [device] = await linkedDevices(owner);
  if (device === undefined) throw new Error("Paired without a device");
  environment.members.push({ tenant, sessionId, owner, deviceId: device.id, earlier: [] });
}

export async function addWebhook(
  { stack }: Environment,
  tenant: Tenant,
  url: string,
): Promise<void> {
  const { apiUrl, adminKey } = stack.addresses;
  const added = await call("POST", `${apiUrl}/admin/tenants/${tenant.id}/webhooks`, {
    headers: { "X-Admin-Key": adminKey },
    body: { url },
  });
  if (added.status !== 201) throw new Error(`No webhook: ${JSON.stringify(added.body)}`);
}

export interface LinkedDevice {
  id: number;
  online: boolean;
}

export async function linkedDevices(owner: Phone): Promise<LinkedDevice[]> {
  const { body } = await owner.get<{ linked_devices: LinkedDevice[] }>("");
  return body.linked_devices;
}
