import { asPayload, type Payload } from "./frame.ts";

/** The settings with which a client joins a channel. */
export type JoinRequest = {
  readonly jwt: string | undefined;
  readonly isPrivate: boolean;
  /** Whether its own broadcasts are sent back to it. */
  readonly self: boolean;
  /** Whether its broadcasts are acknowledged. */
  readonly ack: boolean;
  readonly presence: boolean;
  readonly replicationReady: boolean;
  readonly postgresChanges: unknown;
};

export function parseJoin(payload: Payload): JoinRequest {
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
