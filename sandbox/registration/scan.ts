import type { Account, Device } from "../account/account.ts";
import type { Network } from "../network.ts";
import { SandboxError } from "../sandbox-error.ts";
import { pair } from "./pair.ts";
import { parseQr } from "./qr.ts";

/** The phone scans a QR code: the client that shows it becomes one of the account's devices. */
export async function scan(network: Network, account: Account, text: string): Promise<Device> {
  const qr = parseQr(text);
  const candidate = network.registrations.byReference(qr.reference);
  const shown =
    candidate?.noiseKey.equals(qr.noiseKey) && candidate.identityKey.equals(qr.identityKey);
  // Somebody else may be scanning it at this moment.
  if (!candidate || !shown || candidate.onSigned) {
    throw new SandboxError(
      "qr_expired",
      "No session shows this QR code any more. Ask the session for its current QR code and scan that.",
    );
  }
  return await pair(network, account, { candidate, advSecret: qr.advSecret });
}
