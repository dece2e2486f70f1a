import type { Environment, EnvironmentOptions } from "./environment.ts";
import type { Traffic, TrafficOptions } from "./traffic/traffic.ts";

/** One row of the table: a fault under traffic, and what may come of it. */
export interface Scenario {
  name: string;
  environment?: Partial<EnvironmentOptions>;
  traffic?: Partial<TrafficOptions>;
  /**
   * Injects the fault and resolves when it is over; the traffic goes on meanwhile and after. The
   * seconds to recover count from then, or from the time that it returns, in milliseconds since
   * the epoch.
   */
  fault(context: { environment: Environment; traffic: Traffic }): Promise<number | void>;
  /** The longest time until all sessions work again. */
  recoverWithinSeconds?: number;
  /** Reasons with which a message may fail. */
  mayFail?: string[];
  /** Codes with which a direct send may be refused for good. */
  mayRefuse?: string[];
  /** The component that the fault kills: its supervisor reports that, and it is no crash. */
  kills?: string;
  /** Whether no direct send without a key may be refused either. */
  noneRefused?: boolean;
  /** Whether the fault is the first tenant's own, so that the second one must not notice it. */
  sparesSecondTenant?: boolean;
  /** Whether the first tenant's receiver refuses events for good. */
  losesDeliveriesOfFirstTenant?: boolean;
}
