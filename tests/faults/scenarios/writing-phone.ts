import { injectNetworkFault } from "../network-faults.ts";
import type { Scenario } from "../scenario.ts";

const messages = 600;
const drops = 4;

/** One contact writes without a pause while the session's socket drops again and again. */
export const writingPhone: Scenario = {
  name: "reconnects under a writing phone",
  traffic: { pauseMs: 2000, queue: false },
  async fault({ environment, traffic }) {
    const [member] = environment.members;
    const [contact] = environment.contacts;
    if (member === undefined || contact === undefined) throw new Error("No session");
    for (let sent = 1; sent <= messages; sent += 1) {
      await traffic.say(contact, member);
      if (sent % Math.ceil(messages / (drops + 1)) === 0) {
        await injectNetworkFault(environment, { kind: "drop-sockets", phone: member.owner.number });
      }
    }
  },
};
