import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { sessionStates } from "../../shared/session.ts";

export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics of a connector. `states` returns the state of each session that it holds. */
export function createMetrics(states: () => Iterable<string>) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const sessions: Gauge<"state"> = new Gauge({
    name: "connector_sessions",
    help: "Sessions this connector holds, by state",
    labelNames: ["state"],
    registers,
    collect: () => {
      for (const state of sessionStates) sessions.set({ state }, 0);
      for (const state of states()) sessions.inc({ state });
    },
  });
  return {
    registry,
    sessions,
    sends: new Counter({
      name: "connector_sends_total",
      help: "Outgoing messages by outcome: SENT, FAILED, or QUEUED for a retry",
      labelNames: ["outcome"],
      registers,
    }),
    received: new Counter({
      name: "connector_received_total",
      help: "Messages received and stored",
      registers,
    }),
    closes: new Counter({
      name: "connector_closes_total",
      help: "Connections to WhatsApp that ended, by reason",
      labelNames: ["reason"],
      registers,
    }),
    uncaughtErrors: new Counter({
      name: "connector_uncaught_errors_total",
      help: "Errors that nothing handled, by kind: a rejection is logged, an exception ends the process",
      labelNames: ["kind"],
      registers,
    }),
    ackLatency: new Histogram({
      name: "connector_ack_seconds",
      help: "Time from the intent of a message to WhatsApp's ack",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    commitLatency: new Histogram({
      name: "connector_commit_seconds",
      help: "Duration of a commit",
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    commitWrites: new Histogram({
      name: "connector_commit_writes",
      help: "Writes per commit",
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    }),
  };
}
