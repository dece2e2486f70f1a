import type { Logger } from "pino";
import type { Device } from "./account/account.ts";
import type { AccountRegistry } from "./account/account-registry.ts";
import type { NetworkBehaviour } from "./account/behaviour.ts";
import type { Faults } from "./fault/faults.ts";
import type { MediaServer } from "./media/media-server.ts";
import type { Store } from "./store/store.ts";
import type { Connection } from "./wire/connection.ts";

/** The server's shared state. It knows nothing about phones or the HTTP API, which build on it. */
export interface Network {
  readonly store: Store;
  readonly accounts: AccountRegistry;
  /** The open connection of each logged-in device. */
  readonly connections: Map<Device, Connection>;
  behaviour: NetworkBehaviour;
  readonly faults: Faults;
  readonly media: MediaServer;
  readonly log: Logger;
}
