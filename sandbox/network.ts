import type { Logger } from "pino";
import type { Device } from "./account/account.ts";
import type { Directory } from "./account/directory.ts";
import type { Phones } from "./phone/phones.ts";
import type { Registrations } from "./registration/registrations.ts";
import type { Store } from "./store/store.ts";
import type { Connection } from "./wire/connection.ts";

/** What every part of the network works on. */
export interface Network {
  readonly store: Store;
  readonly directory: Directory;
  readonly registrations: Registrations;
  readonly phones: Phones;
  /** The open socket of each device that has logged in. */
  readonly lines: Map<Device, Connection>;
  readonly log: Logger;
}
