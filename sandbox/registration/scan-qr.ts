import type { Account, Device } from "../account/account.ts";
import { effectiveBehaviour } from "../account/behaviour.ts";
import { SandboxError } from "../sandbox-error.ts";
import { pairDevice } from "./pair-device.ts";
import { parseQr } from "./qr.ts";
import { retireSecret } from "./ref-refresh.ts";
import type { RegistrationDeps } from "./registrations.ts";

/**
 * The phone scans a QR code: links the client that shows it and returns the new device. Throws
 * `invalid_qr`, `qr_expired`, `qr_secret_retired` or `pairing_unanswered`.
 */
export async function scanQr(
  deps: RegistrationDeps,
  account: Account,
  text: string,
): Promise<Device> {
  const qr = parseQr(text);
  const companion = deps.registrations.companionByQrRef(qr.ref);
  const matches =
    companion?.noiseKey.equals(qr.noiseKey) && companion.identityKey.equals(qr.identityKey);
  // `onSigned` is set while another phone is pairing with the client.
  if (!companion || !matches || companion.onSigned) {
    throw new SandboxError(
      "qr_expired",
      "No client is showing this QR code now. Read the client's current QR code and scan that.",
    );
  }
  const { refRefresh } = effectiveBehaviour(deps.network.behaviour, account.behaviour);
  if (retireSecret(companion, { secret: qr.advSecret, refRefresh })) {
    throw new SandboxError(
      "qr_secret_retired",
      "The server has retired the secret in this QR code (companion_reg_refresh). Scan the QR code that the client shows now.",
    );
  }
  return await pairDevice(deps, account, { companion, advSecret: qr.advSecret });
}
