import { call, type Tenant, until, waitForState } from "../../support/api.ts";
import { addPhone } from "../../support/phone.ts";
import type { Environment } from "../environment.ts";
import type { Scenario } from "../scenario.ts";

/** Linking costs much computing; more at once would only be slower. */
const atOnce = 4;
/** A phone that scans a code whose secret was just retired scans the one that is shown then. */
const maxScans = 3;

/**
 * Phones link, half by QR and half by code, while the network retires the secret of every QR that is
 * shown and takes the hello of known platforms only, as WhatsApp does.
 */
export function linking(sessions: number): Scenario {
  return {
    name: `${sessions} phones link, by QR and by code`,
    traffic: { pauseMs: 2000, queue: false },
    noneRefused: true,
    async fault({ environment }) {
      const [customer] = environment.customers;
      if (customer === undefined) throw new Error("No tenant");
      await behave(environment, { refRefresh: "onConnect", companionHello: "strict" });
      const names = Array.from({ length: sessions }, (_, index) => `linked-${index}`);
      for (let next = 0; next < names.length; next += atOnce) {
        await Promise.all(
          names
            .slice(next, next + atOnce)
            .map((name, index) => link(environment, customer.tenant, name, index % 2 === 0)),
        );
      }
      await behave(environment, { refRefresh: "never", companionHello: "lenient" });
    },
  };
}

async function behave({ stack }: Environment, behaviour: object): Promise<void> {
  const { sandboxUrl } = stack.addresses;
  const { status, body } = await call("POST", `${sandboxUrl}/behaviour`, { body: behaviour });
  if (status >= 300) throw new Error(`The sandbox refused: ${JSON.stringify(body)}`);
}

async function link(
  { stack }: Environment,
  tenant: Tenant,
  name: string,
  byQr: boolean,
): Promise<void> {
  const created = await tenant.post("/tenant/sessions", { session_id: name, name });
  if (created.status !== 201) throw new Error(`No session: ${JSON.stringify(created.body)}`);
  const phone = await addPhone(stack.addresses.sandboxUrl ?? "", name);
  if (byQr) {
    let shown = "";
    for (let scan = 1; ; scan += 1) {
      const before = shown;
      const { body } = await until(
        () => tenant.get<{ qr?: string }>(`/session/${name}/qr`),
        (answer) => answer.body.qr !== undefined && answer.body.qr !== before,
      );
      shown = body.qr ?? "";
      const scanned = await phone.post("/scan", { qr: body.qr });
      if (scanned.status < 300) break;
      if (scan === maxScans) throw new Error(`${name}: ${JSON.stringify(scanned.body)}`);
    }
  } else {
    const { status, body } = await tenant.post<{ code: string }>(`/session/${name}/pairing-code`, {
      phone: phone.number,
    });
    if (status >= 300) throw new Error(`${name}: no code: ${JSON.stringify(body)}`);
    const linked = await phone.post("/link", { code: body.code });
    if (linked.status >= 300) throw new Error(`${name}: ${JSON.stringify(linked.body)}`);
  }
  await waitForState(tenant, name, "connected");
}
