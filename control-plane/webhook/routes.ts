import { changeEndpoint } from "./change-endpoint.ts";
import { createEndpoint } from "./create-endpoint.ts";
import { deleteEndpoint } from "./delete-endpoint.ts";
import { getDelivery } from "./get-delivery.ts";
import { listDeliveries } from "./list-deliveries.ts";
import { listEndpoints } from "./list-endpoints.ts";
import { redeliver } from "./redeliver.ts";
import { replay } from "./replay.ts";
import { rotateEndpointSecret } from "./rotate-endpoint-secret.ts";
import { testEndpoint } from "./test-endpoint.ts";

export const webhookRoutes = [
  listEndpoints,
  createEndpoint,
  changeEndpoint,
  deleteEndpoint,
  rotateEndpointSecret,
  listDeliveries,
  getDelivery,
  redeliver,
  replay,
  testEndpoint,
];
