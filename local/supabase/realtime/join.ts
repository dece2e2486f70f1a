import { asPayload, type Payload } from "./frame.ts";

/** What a client asks for when it joins a channel. */
export type JoinWish = {
  readonly jwt: string | undefined;
  readonly isPrivate: boolean;
  /** Whether its own broadcasts come back, and whether they are acknowledged. */
  readonly self: boolean;
  readonly ack: boolean;
  readonly presence: boolean;
  readonly replicationReady: boolean;
  readonly postgresChanges: unknown;
};

export function readJoin(payload: Payload): JoinWish {
  const config = asPayload(payload["config"]);
  const broadcast = asPayload(config["broadcast"]);
  const jwt = payload["access_token"] ?? payload["user_token"];
  return {
    jwt: typeof jwt === "string" && jwt !== "" ? jwt : undefined,
    isPrivate: config["private"] === true,
    self: broadcast["self"] === true,
    ack: broadcast["ack"] === true,
    presence: asPayload(config["presence"])["enabled"] === true,
    replicationReady: broadcast["replication_ready"] === true,
    postgresChanges: config["postgres_changes"],
  };
}
