import type { Phones } from "../phone/phones.ts";
import type { RegistrationDeps } from "../registration/registrations.ts";

/** What the endpoints of the phones API depend on. */
export interface ApiDeps extends RegistrationDeps {
  phones: Phones;
  /** Whether to refuse requests whose Host header does not name this machine. */
  loopbackHostsOnly: boolean;
}
