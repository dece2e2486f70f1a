import { getDelivery } from "./get-delivery.ts";
import { listDeliveries } from "./list-deliveries.ts";
import { listEndpoints } from "./list-endpoints.ts";
import { redeliver } from "./redeliver.ts";
import { replay } from "./replay.ts";
import { testEndpoint } from "./test-endpoint.ts";

export const webhookRoutes = [
  listEndpoints,
  listDeliveries,
  getDelivery,
  redeliver,
  replay,
  testEndpoint,
];
