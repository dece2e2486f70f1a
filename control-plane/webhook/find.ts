import { z } from "zod";
import { ApiError } from "../../shared/errors.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { type Delivery, deliveryColumns } from "./resource.ts";

const idSchema = z.uuid();

/** @throws ApiError not_found, also for an endpoint of another tenant */
export async function findEndpoint(
  database: DatabaseClient,
  { tenantId, endpointId }: { tenantId: string; endpointId: string },
): Promise<{ id: string; url: string; secret: string; is_default: boolean }> {
  const endpoint = idSchema.safeParse(endpointId).success
    ? await unwrapFirst(
        database
          .from("webhook_endpoints")
          .select("id,url,secret,is_default")
          .eq("tenant_id", tenantId)
          .eq("id", endpointId),
      )
    : undefined;
  if (endpoint !== undefined) return endpoint;
  throw endpointNotFound();
}

export function endpointNotFound(): ApiError {
  return new ApiError(
    "not_found",
    "There is no webhook endpoint with this id. GET /tenant/webhooks lists them.",
  );
}

/** @throws ApiError not_found, also for a delivery of another tenant */
export async function findDelivery(
  database: DatabaseClient,
  { tenantId, deliveryId }: { tenantId: string; deliveryId: string },
): Promise<Delivery> {
  const delivery = idSchema.safeParse(deliveryId).success
    ? await unwrapFirst(
        database
          .from("webhook_delivery_resources")
          .select(deliveryColumns)
          .eq("tenant_id", tenantId)
          .eq("id", deliveryId),
      )
    : undefined;
  if (delivery !== undefined) return delivery;
  throw new ApiError(
    "not_found",
    "There is no delivery with this id. GET /tenant/webhooks/deliveries lists them.",
  );
}
