/** Every text of the pairing page, in one place for translation. */
export const text = {
  title: (tenant: string) => `Link your WhatsApp number to ${tenant}`,
  consent: (tenant: string) =>
    `${tenant} will be able to send and read messages of the number that you link. You can end this at any time on your phone: Settings, Linked devices.`,
  scan: "Open WhatsApp on your phone, tap Settings, Linked devices, Link a device, and scan this code.",
  qrAlt: "QR code to scan with WhatsApp on your phone",
  wait: "One moment, the code is coming.",
  byCode: "You read this on the phone itself? Link with a code instead",
  phone: "Your WhatsApp number, with the country code",
  getCode: "Get a code",
  enterCode:
    "In WhatsApp tap Settings, Linked devices, Link a device, Link with phone number instead, and enter:",
  done: "Your number is linked. You can close this page.",
  redirecting: "Your number is linked. One moment.",
  failed: "Something went wrong. Reload the page.",
  expired: "This link has expired. Ask for a new one.",
} as const;

/** What a session's last problem means for whoever is pairing it. */
export const problems: Record<string, string> = {
  unreachable: "WhatsApp cannot be reached right now. We keep trying.",
  logged_out: "The number was unlinked on the phone. Scan the code to link it again.",
  banned: "WhatsApp has blocked this number.",
  qr_unused: "The code was not scanned in time. Here is a new one.",
};
