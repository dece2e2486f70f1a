/** The network to connect to: WhatsApp, or a sandbox and its Noise root key. */
export type NetworkTarget =
  | { network: "live" }
  | { network: "sandbox"; url: string; rootKey: Buffer | undefined };
