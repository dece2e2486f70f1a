import { afterEach, expect, test, vi } from "vitest";
import { Harness } from "../testing/harness.ts";

const methods = ["debug", "error", "info", "log", "warn"] as const;
let harness: Harness | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await harness?.stop();
});

test("a new session with a known peer prints no keys", async () => {
  // Spied on before the sandbox wraps the console: the spies see what passes the filter.
  const spies = methods.map((method) => vi.spyOn(console, method).mockReturnValue());
  harness = await Harness.start();
  const [from, to] = [await harness.phone(), await harness.phone()];
  const client = await harness.paired(from);
  await client.send(`${to}@s.whatsapp.net`, "one");
  await harness.phoneMessage(to, { text: "one" });
  const { body } = await harness.call("GET", `/phones/${to}`);
  const address = client.socket.signalRepository.jidToSignalProtocolAddress(String(body["lid"]));
  await client.auth.keys.set({ session: { [address]: null } });
  // A second pre-key message makes libsignal close the phone's open session and print it.
  await client.send(`${to}@s.whatsapp.net`, "two");
  await harness.phoneMessage(to, { text: "two" });
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
});
