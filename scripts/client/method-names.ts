/**
 * The names of the client's methods that the rule below would not find. An operation that is not
 * here gets a name by the rule, so that a new route is in the client after `npm run gen:client`.
 */
const given: Record<string, string> = {
  "GET /session/{sessionId}": "getSession",
  "DELETE /session/{sessionId}": "deleteSession",
  "GET /session/{sessionId}/status": "getSessionStatus",
  "POST /session/{sessionId}/connect": "connectSession",
  "POST /session/{sessionId}/disconnect": "disconnectSession",
  "POST /session/{sessionId}/regenerate-qr": "regenerateQr",
  "POST /session/{sessionId}/send": "sendMessage",
  "GET /session/{sessionId}/messages": "listMessages",
  "GET /tenant/messages": "listTenantMessages",
  "GET /session/{sessionId}/messages/stream": "streamMessages",
  "GET /tenant/events/stream": "streamEvents",
  "GET /tenant/webhooks/deliveries": "listDeliveries",
  "GET /tenant/webhooks/deliveries/{deliveryId}": "getDelivery",
  "POST /tenant/webhooks/deliveries/{deliveryId}/redeliver": "redeliver",
  "POST /tenant/webhooks/replay": "replayDeliveries",
  "DELETE /tenant/keys/{keyId}": "revokeKey",
  "DELETE /admin/tenants/{tenantId}/keys/{keyId}": "revokeKey",
  "GET /admin/tenants": "listTenants",
  "POST /admin/tenants": "createTenant",
  "GET /admin/tenants/{tenantId}": "getTenant",
  "PATCH /admin/tenants/{tenantId}": "changeTenant",
  "DELETE /admin/tenants/{tenantId}": "deleteTenant",
  "POST /admin/tenants/{tenantId}/suspend": "suspendTenant",
  "POST /admin/tenants/{tenantId}/resume": "resumeTenant",
};

const scopes = ["/session/{sessionId}", "/admin/tenants/{tenantId}", "/tenant", "/admin"];
const verbs: Record<string, string> = {
  get: "get",
  post: "create",
  put: "set",
  patch: "change",
  delete: "delete",
};

/**
 * The name of an operation's method. `POST /tenant/keys` becomes createKey, `GET` of a list
 * listKeys, `PATCH /tenant/keys/{keyId}` changeKey, `GET .../queue/settings` getQueueSettings. What
 * follows a thing or its id in a POST is a verb: `POST .../queue/pause` becomes pauseQueue,
 * `POST .../webhooks/{endpointId}/rotate-secret` rotateWebhookSecret.
 */
export function methodName(method: string, path: string, isList: boolean): string {
  const found = given[`${method.toUpperCase()} ${path}`];
  if (found !== undefined) return found;
  const scope = scopes.find((prefix) => path.startsWith(`${prefix}/`)) ?? "";
  const rest = path.slice(scope.length).split("/").filter(Boolean);
  const words = rest.filter((segment) => !segment.startsWith("{"));
  const last = words.at(-1) ?? "";
  const before = words.at(-2);
  const endsWithId = rest.at(-1)?.startsWith("{") === true;
  if (method === "post" && last.startsWith("send")) return camel(last);
  if (method === "post" && before !== undefined && !endsWithId) {
    const [verb = "", ...object] = last.split("-");
    return camel([verb, singular(before), ...object].join("-"));
  }
  if (isList) return camel(`list-${last}`);
  const one = method === "post" || endsWithId ? singular(last) : last;
  const of = before === undefined || endsWithId ? "" : `${singular(before)}-`;
  return camel(`${verbs[method] ?? method}-${of}${one}`);
}

function singular(noun: string): string {
  if (noun.endsWith("ies")) return `${noun.slice(0, -3)}y`;
  return noun.endsWith("s") && !noun.endsWith("ss") ? noun.slice(0, -1) : noun;
}

function camel(words: string): string {
  return words.replaceAll(/[-_.]+(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function pascal(name: string): string {
  const word = camel(name);
  return word.charAt(0).toUpperCase() + word.slice(1);
}
