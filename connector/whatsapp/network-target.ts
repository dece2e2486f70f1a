/** The network to connect to: WhatsApp, or a sandbox and its Noise root key. */
export type NetworkTarget =
  | { network: "live"; webVersion: [number, number, number] | undefined }
  | { network: "sandbox"; url: string; rootKey: Buffer | undefined };
