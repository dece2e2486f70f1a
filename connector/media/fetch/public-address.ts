import { BlockList, isIP } from "node:net";

/** Addresses that are not on the public internet, by the IANA special-purpose registries. */
const special = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // Carrier-grade NAT
  ["127.0.0.0", 8],
  ["169.254.0.0", 16], // Link-local, with the metadata services of clouds
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  special.addSubnet(network, prefix, "ipv4");
}

const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");
const specialInGlobal = new BlockList();
for (const [network, prefix] of [
  ["2001::", 23], // Teredo and other protocol assignments
  ["2001:db8::", 32],
  ["2002::", 16], // 6to4, which embeds an IPv4 address
  ["3fff::", 20],
] as const) {
  specialInGlobal.addSubnet(network, prefix, "ipv6");
}

/**
 * Whether an IP address is on the public internet. Not so: private, loopback, link-local and
 * carrier-grade NAT addresses; all IPv6 addresses that embed an IPv4 address (mapped, NAT64, 6to4);
 * and Fly.io's private network, which is in fdaa::/16.
 */
export function isPublicAddress(address: string): boolean {
  const [plain = ""] = address.split("%");
  switch (isIP(plain)) {
    case 4:
      return !special.check(plain, "ipv4");
    case 6:
      return globalUnicast.check(plain, "ipv6") && !specialInGlobal.check(plain, "ipv6");
    default:
      return false;
  }
}
