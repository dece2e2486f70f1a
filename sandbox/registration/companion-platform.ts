/** The client names that WhatsApp Web sends, by `companion_platform_id`. */
const browsers = new Map([
  ["1", "Chrome"],
  ["2", "Edge"],
  ["3", "Firefox"],
  ["4", "IE"],
  ["5", "Opera"],
  ["6", "Safari"],
]);
const systems = ["Windows", "Mac OS", "Linux", "Android", "iOS"];

export interface CompanionPlatform {
  /** `companion_platform_id` of a companion_hello. */
  id: string;
  /** `companion_platform_display`, for example "Chrome (Mac OS)". */
  display: string;
}

/**
 * Whether live WhatsApp accepts a pairing by code from this platform: a browser id of 1 to 6 and
 * "Browser (OS)" with the names that WhatsApp Web uses. Measured by WhiskeySockets/Baileys#2769
 * and #2409; the list of systems is from oxidezap/whatsapp-rust#979.
 */
export function isKnownPlatform({ id, display }: CompanionPlatform): boolean {
  const match = /^(.+) \((.+)\)$/.exec(display);
  if (!match || !browsers.has(id)) return false;
  const [, browser = "", system = ""] = match;
  return [...browsers.values()].includes(browser) && systems.includes(system);
}
