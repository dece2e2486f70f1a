import { Recent } from "../keys/recent.ts";
import type { Identity } from "../whatsapp/address.ts";

const presentForMs = 6 * 3_600_000;
/** People install WhatsApp while somebody waits to write to them. */
const absentForMs = 60_000;

/** Who is on WhatsApp, so that it is asked once for a number and not with every message. */
export class Directory {
  readonly #known: Recent<{ identity: Identity | undefined; until: number }>;
  readonly #asking = new Map<string, Promise<Identity | undefined>>();

  constructor(limit: number) {
    this.#known = new Recent(limit);
  }

  /** Undefined when the number is not there. `ask` is called when it is not known. */
  async find(
    key: { network: string; phone: string },
    ask: () => Promise<Identity | undefined>,
  ): Promise<Identity | undefined> {
    const name = `${key.network}|${key.phone}`;
    const known = this.#known.get(name);
    if (known !== undefined && known.until > performance.now()) return known.identity;

    const asking = this.#asking.get(name) ?? this.#ask(name, ask);
    return asking;
  }

  #ask(name: string, ask: () => Promise<Identity | undefined>): Promise<Identity | undefined> {
    const asking = ask()
      .then((identity) => {
        const forMs = identity === undefined ? absentForMs : presentForMs;
        this.#known.set(name, { identity, until: performance.now() + forMs });
        return identity;
      })
      .finally(() => this.#asking.delete(name));
    this.#asking.set(name, asking);
    return asking;
  }
}
