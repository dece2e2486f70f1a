import { Agent } from "node:https";
import { rootCertificates } from "node:tls";

/** The network to connect to: WhatsApp, or a sandbox and its Noise root key. */
export type NetworkTarget =
  | { network: "live"; webVersion: [number, number, number] | undefined }
  | {
      network: "sandbox";
      url: string;
      rootKey: Buffer | undefined;
      /** The certificate (PEM) by which its media server is trusted, besides those of the system. */
      mediaCa?: string | undefined;
    };

const live = new Agent({ rejectUnauthorized: true, keepAlive: true });
const sandboxes = new Map<string, Agent>();

/**
 * The agent for the media servers of a network. A certificate of the sandbox is trusted for the
 * sandbox alone.
 */
export function mediaAgent(target: NetworkTarget): Agent {
  if (target.network === "live" || target.mediaCa === undefined) return live;
  const known = sandboxes.get(target.mediaCa);
  if (known !== undefined) return known;
  const agent = new Agent({ keepAlive: true, ca: [...rootCertificates, target.mediaCa] });
  sandboxes.set(target.mediaCa, agent);
  return agent;
}
