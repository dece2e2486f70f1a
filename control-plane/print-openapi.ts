import { createApp } from "./app.ts";
import type { Services } from "./services.ts";

/**
 * Prints the OpenAPI document on stdout. Only the routes are registered and none is called, so no
 * service is needed but the clock.
 */
const response = await createApp(withoutServices()).request("http://localhost/openapi.json");
console.log(await response.text());

function withoutServices(): Services {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { now: Date.now } as Services;
}
