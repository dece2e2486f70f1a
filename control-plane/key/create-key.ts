import { createRoute } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { invalidKeyError } from "../auth/require-key.ts";
import type { App, Caller } from "../http/app-env.ts";
import { bodyProblems, problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { addKey } from "./keys.ts";
import { keySettings, type KeySettings, keyWithSecret } from "./resource.ts";

const route = createRoute({
  method: "post",
  path: "/tenant/keys",
  tags: ["Keys"],
  summary: "Create an API key",
  description:
    "The key is shown in this response only; the service stores its hash. A key can make keys that may do what it may itself, at most; a sk_test_ key makes sk_test_ keys.",
  request: {
    body: { required: true, content: { "application/json": { schema: keySettings } } },
  },
  responses: {
    201: {
      description: "The key, including its secret value",
      content: { "application/json": { schema: keyWithSecret } },
    },
    ...bodyProblems,
    ...problems("forbidden"),
  },
});

export function createOwnKey(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const settings = c.req.valid("json");
    rejectMoreThanOwn(caller, settings);
    const added = await addKey(services, {
      tenantId: caller.tenantId,
      settings: { ...settings, scopes: settings.scopes ?? [...caller.scopes] },
    });
    // The tenant was deleted since its key was checked.
    if (added === undefined) throw invalidKeyError();
    return c.json(added, 201);
  });
}

function rejectMoreThanOwn(caller: Caller, { network, scopes }: KeySettings): void {
  if (caller.network === "sandbox" && network === "live") {
    throw new ApiError(
      "forbidden",
      "A sk_test_ key cannot make a sk_live_ key. Use a sk_live_ key of this tenant.",
    );
  }
  const missing = scopes?.find((scope) => !caller.scopes.includes(scope));
  if (missing === undefined) return;
  throw new ApiError(
    "forbidden",
    `Your key has no scope "${missing}", so it cannot make a key that has it. Use a key with this scope, or ask the operator.`,
  );
}
