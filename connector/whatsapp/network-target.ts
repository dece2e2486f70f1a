/** Which network a connection opens on: WhatsApp itself, or a sandbox and the root key it is trusted by. */
export type NetworkTarget =
  | { network: "live" }
  | { network: "sandbox"; url: string; rootKey: Buffer | undefined };
