/** Apart from the schemas, for pages that do not need those. */
export const eventTypes = [
  "message.received",
  "message.queued",
  "message.sent",
  "message.delivered",
  "message.read",
  "message.failed",
  "message.media",
  "session.connected",
  "session.disconnected",
  "session.qr_code",
  "webhook.disabled",
] as const;
