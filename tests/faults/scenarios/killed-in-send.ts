import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../support/api.ts";
import type { Environment, Member } from "../environment.ts";
import { clearNetworkFaults, injectNetworkFault } from "../network-faults.ts";
import { countMessages, kill, ownerOf } from "../owner.ts";
import type { Scenario } from "../scenario.ts";
import type { Traffic } from "../traffic/traffic.ts";

const sendsAtOnce = 6;

/** kill -9 of a connector at each step of a send, with sends of one session held in that step. */
export const killedInSend: Scenario[] = [
  killedAt("before the intent", async ({ environment, traffic, member, connector }) => {
    const paths = environment.paths.between(connector, "postgres");
    for (const path of paths) path.hang();
    sendSome(environment, traffic, member);
    await sleep(300);
    return () => {
      for (const path of paths) {
        path.cut(); // the intents that wait in the path never arrive
        path.pass();
      }
    };
  }),
  killedAt("after the intent", async ({ environment, traffic, member, connector }) => {
    const paths = environment.paths.between(connector, "sandbox");
    for (const path of paths) path.hang();
    sendSome(environment, traffic, member);
    await untilSending(environment, member);
    return () => {
      for (const path of paths) {
        path.cut();
        path.pass();
      }
    };
  }),
  killedAt("after the socket write", async ({ environment, traffic, member }) => {
    const [to] = environment.contacts;
    await injectNetworkFault(environment, {
      kind: "delay-acks",
      phone: member.owner.number,
      delayMs: 5000,
      count: null,
    });
    const texts = sendSome(environment, traffic, member);
    await to?.received(texts[0] ?? "");
    return () => clearNetworkFaults(environment);
  }),
  killedAt("after the ack", async ({ environment, traffic, member, connector }) => {
    const paths = environment.paths.between(connector, "postgres");
    await injectNetworkFault(environment, {
      kind: "delay-acks",
      phone: member.owner.number,
      delayMs: 700,
      count: null,
    });
    sendSome(environment, traffic, member);
    await untilSending(environment, member);
    for (const path of paths) path.hang();
    await sleep(1000);
    return async () => {
      for (const path of paths) {
        path.cut(); // the outcomes that wait in the path never arrive
        path.pass();
      }
      await clearNetworkFaults(environment);
    };
  }),
];

function killedAt(
  step: string,
  hold: (context: {
    environment: Environment;
    traffic: Traffic;
    member: Member;
    connector: string;
  }) => Promise<() => void | Promise<void>>,
): Scenario {
  return {
    name: `connector killed ${step}`,
    recoverWithinSeconds: 10,
    async fault({ environment, traffic }) {
      const [member] = environment.members;
      if (member === undefined) throw new Error("No session");
      const { name, process } = await ownerOf(environment, member);
      const release = await hold({ environment, traffic, member, connector: name });
      const killedAt = kill(process);
      await sleep(100); // until the sockets of the dead process are closed
      await release();
      return killedAt;
    },
  };
}

/** Starts sends of every kind to the first contact, without waiting; returns their texts. */
function sendSome({ contacts }: Environment, traffic: Traffic, member: Member): string[] {
  const before = traffic.sendRequests.length;
  const [to] = contacts;
  for (let index = 0; index < sendsAtOnce; index += 1) {
    void traffic.send(member, { to, key: index % 2 === 0 });
  }
  void traffic.queue(member); // judged whenever it was stored
  return traffic.sendRequests.slice(before).map(({ text }) => text);
}

async function untilSending(environment: Environment, member: Member): Promise<void> {
  await until(
    () => countMessages(environment, member, "SENDING"),
    (count) => count >= sendsAtOnce / 2,
  );
}
