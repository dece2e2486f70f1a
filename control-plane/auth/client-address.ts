/**
 * The address that a request comes from, as Cloudflare's CF-Connecting-IP reports it. An IPv6
 * address is cut to its /64 network, because one client has all addresses of such a network.
 */
export function clientAddress(headers: Headers): string {
  const address = headers.get("cf-connecting-ip") ?? "";
  return address.includes(":") ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const [left = "", right = ""] = address.split("::");
  const groups = left === "" ? [] : left.split(":");
  const missing = address.includes("::") ? 8 - groups.length - right.split(":").length : 0;
  const zeros = Array.from({ length: Math.max(0, missing) }, () => "0");
  return `${[...groups, ...zeros, ...right.split(":")].slice(0, 4).join(":")}::/64`;
}
