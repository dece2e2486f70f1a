import type { CommandClient, Connector } from "../command/command-client.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { unwrap } from "../database/unwrap.ts";
import {
  fileNotFound,
  type FileRequest,
  fileStatuses,
  type FileStore,
  rangeHeaders,
  storageUnavailable,
} from "./file-store.ts";

/** Until the response headers; the content then takes as long as its reader does. */
const timeoutMs = 5_000;
const connectorsTtlMs = 2_000;
/** With a directory of its own each, a file is on one of them. */
const maxConnectors = 20;

/** Reads files of messages from the directories of connectors (STORAGE_MODE=local). */
export class ConnectorFiles implements FileStore {
  readonly #client: CommandClient;
  readonly #database: DatabaseClient;
  readonly #now: () => number;
  #known: { connectors: Connector[]; until: number } | undefined;

  constructor(deps: { client: CommandClient; database: DatabaseClient; now: () => number }) {
    this.#client = deps.client;
    this.#database = deps.database;
    this.#now = deps.now;
  }

  async open({ tenantId, sessionId, fileName, method, headers }: FileRequest): Promise<Response> {
    const path = ["files", tenantId, sessionId, fileName].map(encodeURIComponent).join("/");
    let failure: unknown;
    for (const connector of await this.#connectors()) {
      try {
        const response = await this.#client.get(connector, `/${path}`, {
          method,
          headers: rangeHeaders(headers),
          timeoutMs,
        });
        if (fileStatuses.includes(response.status)) return response;
        await response.body?.cancel();
        if (response.status !== 404) {
          failure = new Error(`A connector answered ${response.status}`);
        }
      } catch (cause) {
        failure = cause;
      }
    }
    if (failure === undefined && (await this.#connectors()).length > 0) throw fileNotFound();
    throw storageUnavailable(failure ?? new Error("No connector is running"));
  }

  async #connectors(): Promise<Connector[]> {
    const now = this.#now();
    if (this.#known !== undefined && this.#known.until > now) return this.#known.connectors;
    const connectors = await unwrap(
      this.#database
        .from("connectors")
        .select("url, instance")
        .gt("lease_expires_at", new Date(now).toISOString())
        .order("started_at", { ascending: true })
        .limit(maxConnectors),
    );
    this.#known = { connectors, until: now + connectorsTtlMs };
    return connectors;
  }
}
