/**
 * Why a URL must not be called on a tenant's behalf; undefined when it may be. Host names are not
 * resolved: Cloudflare's edge has no private network behind it, and a self-hosted workerd
 * restricts addresses with its `network` setting.
 */
export function urlProblem(url: string, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(url)) return "is not a URL";
  const { protocol, hostname, port, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return "must start with https:// or http://";
  if (username !== "" || password !== "") return "must not carry a user name or password";
  if (!allowPrivate && isPrivateHost(hostname)) {
    return "leads to a private or loopback address";
  }
  if (!allowPrivate && isSystemPort(port)) {
    return "must have the port 80, 443, or one from 1024";
  }
  return undefined;
}

/** Names inside networks: of the local one, of Fly.io (internal, flycast), of Kubernetes (svc). */
const privateNames = /(^|\.)(localhost|local|internal|flycast|svc|home\.arpa|lan|intranet)$/;

/** Mail, SSH and other services that a tenant's request must not reach. */
function isSystemPort(port: string): boolean {
  return port !== "" && port !== "80" && port !== "443" && Number(port) < 1_024;
}

// The URL parser normalizes every form of an IPv4 address (hex, octal, one number) to four decimal
// numbers, and every IPv6 address to its shortest form.
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/\.$/, "").toLowerCase();
  if (host.startsWith("[")) return isPrivateV6(host.slice(1, -1));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return isPrivateV4(host.split(".").map(Number));
  return !host.includes(".") || privateNames.test(host);
}

function isPrivateV4([a = 0, b = 0, c = 0]: number[]): boolean {
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && (c === 0 || c === 2)) ||
    (a === 198 && (b === 18 || b === 19))
  );
}

function isPrivateV6(address: string): boolean {
  // Public addresses are in 2000::/3. Within it, 6to4 and Teredo embed an arbitrary IPv4 address;
  // NAT64 (64:ff9b::/96) and IPv4-mapped addresses (::ffff:0:0/96) do too but lie outside.
  return !/^[23][0-9a-f]{3}:/.test(address) || /^(2002|2001:0?):/.test(address);
}
