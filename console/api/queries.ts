import { queryOptions } from "@tanstack/react-query";
import { request } from "./request.ts";
import type {
  Delivery,
  Endpoint,
  Health,
  Message,
  Page,
  Phone,
  PhoneMessage,
  Session,
  Stats,
  Tenant,
} from "./types.ts";

const phonesApi = "/console/phones-api";
const encode = encodeURIComponent;

export const sessionsQuery = () =>
  queryOptions({
    queryKey: ["sessions"],
    queryFn: () => request<Page<Session>>("GET", "/tenant/sessions?limit=100"),
    // A state changes without an event while a session is being paired.
    refetchInterval: 5_000,
  });

export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ["sessions", id],
    queryFn: () => request<Session>("GET", `/session/${encode(id)}`),
    refetchInterval: 1_500,
  });

export const qrQuery = (id: string, enabled: boolean) =>
  queryOptions({
    queryKey: ["qr", id],
    queryFn: () =>
      request<{ qr: string | null; image: string | null }>("GET", `/session/${encode(id)}/qr`),
    enabled,
    refetchInterval: 5_000,
    staleTime: 0,
    gcTime: 0,
  });

export const messagesQuery = (session: string, chat: string | undefined) =>
  queryOptions({
    queryKey: ["messages", session, chat ?? "all"],
    queryFn: () => {
      const filter = chat === undefined ? "" : `&chat=${encode(chat)}`;
      return request<Page<Message>>(
        "GET",
        `/session/${encode(session)}/messages?limit=100${filter}`,
      );
    },
  });

export const endpointsQuery = () =>
  queryOptions({
    queryKey: ["webhooks", "endpoints"],
    queryFn: () => request<{ data: Endpoint[] }>("GET", "/tenant/webhooks"),
  });

export const deliveriesQuery = (status: string) =>
  queryOptions({
    queryKey: ["webhooks", "deliveries", status],
    queryFn: () => {
      const filter = status === "all" ? "" : `&status=${status}`;
      return request<Page<Delivery>>("GET", `/tenant/webhooks/deliveries?limit=50${filter}`);
    },
    refetchInterval: 4_000,
  });

export const statsQuery = () =>
  queryOptions({
    queryKey: ["stats"],
    queryFn: () => request<Stats>("GET", "/tenant/stats?interval=hour"),
  });

export const phonesQuery = (enabled = true) =>
  queryOptions({
    queryKey: ["phones"],
    queryFn: () => request<{ data: Phone[] }>("GET", `${phonesApi}/phones`),
    enabled,
    refetchInterval: 3_000,
  });

export const phoneMessagesQuery = (phone: string) =>
  queryOptions({
    queryKey: ["phones", phone, "messages"],
    queryFn: () =>
      request<{ data: PhoneMessage[] }>("GET", `${phonesApi}/phones/${phone}/messages`),
    refetchInterval: 1_500,
  });

export const tenantsQuery = () =>
  queryOptions({
    queryKey: ["tenants"],
    queryFn: () => request<Page<Tenant>>("GET", "/admin/tenants?limit=100"),
  });

export const healthQuery = () =>
  queryOptions({
    queryKey: ["health"],
    queryFn: () => request<Health>("GET", "/health"),
    refetchInterval: 5_000,
  });

/** Requests that change something. */
export const change = {
  createSession: (session: { session_id: string; name: string }) =>
    request<Session>("POST", "/tenant/sessions", session),
  connect: (id: string) => request("POST", `/session/${encode(id)}/connect`),
  disconnect: (id: string) => request("POST", `/session/${encode(id)}/disconnect`),
  deleteSession: (id: string) => request("DELETE", `/session/${encode(id)}`),
  pairingCode: (id: string, phone: string) =>
    request<{ code: string }>("POST", `/session/${encode(id)}/pairing-code`, { phone }),
  send: (id: string, message: { to: string; message: string }) =>
    request<Message>("POST", `/session/${encode(id)}/send`, message),
  testEndpoint: (id: string) => request("POST", `/tenant/webhooks/${id}/test`),
  redeliver: (id: string) => request("POST", `/tenant/webhooks/deliveries/${id}/redeliver`),
  replayDead: (endpointId: string) =>
    request("POST", "/tenant/webhooks/replay", { endpoint_id: endpointId, dead: true }),
  createPhone: (phone: { phone: string; name: string }) =>
    request<Phone>("POST", `${phonesApi}/phones`, phone),
  scan: (phone: string, qr: string) => request("POST", `${phonesApi}/phones/${phone}/scan`, { qr }),
  phoneSend: (phone: string, message: { to: string; text: string }) =>
    request("POST", `${phonesApi}/phones/${phone}/messages`, { ...message, type: "text" }),
};
