import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { isIP } from "node:net";
import {
  bitString,
  boolean,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from "./der.ts";

const yearMs = 365 * 86_400_000;
const ecdsaWithSha256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));

/** A private key and its certificate, as PEM. */
export interface Certificate {
  key: string;
  cert: string;
}

/** A certificate authority (ECDSA P-256), valid for ten years. Clients trust its certificate. */
export function createAuthority(now: number): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const cert = issue({
    subject: authorityName,
    publicKey,
    issuerKey: privateKey,
    now,
    extensions: [
      extension("2.5.29.19", sequence(boolean(true)), { critical: true }),
      // keyCertSign and cRLSign.
      extension("2.5.29.15", bitString(Buffer.from([0b0000_0110]), 1), { critical: true }),
      extension("2.5.29.14", octetString(keyIdentifier(publicKey))),
    ],
  });
  return { key: pem(privateKey), cert };
}

/** A server certificate for these host names and IP addresses, issued by the authority. */
export function createServerCertificate(
  authority: Certificate,
  { hosts, now }: { hosts: readonly string[]; now: number },
): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const issuerKey = createPrivateKey(authority.key);
  const issuerId = keyIdentifier(createPublicKey(issuerKey));
  const cert = issue({
    subject: "sandbox media server",
    publicKey,
    issuerKey,
    now,
    extensions: [
      // digitalSignature.
      extension("2.5.29.15", bitString(Buffer.from([0b1000_0000]), 7), { critical: true }),
      extension("2.5.29.37", sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))),
      extension("2.5.29.17", sequence(...[...new Set(hosts)].map(generalName))),
      extension("2.5.29.14", octetString(keyIdentifier(publicKey))),
      extension("2.5.29.35", sequence(tagged(0, issuerId, "implicit"))),
    ],
  });
  return { key: pem(privateKey), cert };
}

const authorityName = "WhatsApp sandbox CA";

interface ToIssue {
  subject: string;
  publicKey: KeyObject;
  issuerKey: KeyObject;
  /** Unix milliseconds. Valid from a year before, so that a client's clock may be off. */
  now: number;
  extensions: Buffer[];
}

/** An X.509 v3 certificate (RFC 5280), as PEM. */
function issue({ subject, publicKey, issuerKey, now, extensions }: ToIssue): string {
  const serial = randomBytes(16);
  serial[0] = 1;
  const toSign = sequence(
    tagged(0, integer(Buffer.from([2])), "explicit"),
    integer(serial),
    ecdsaWithSha256,
    name(authorityName),
    sequence(time(new Date(now - yearMs)), time(new Date(now + 10 * yearMs))),
    name(subject),
    publicKey.export({ format: "der", type: "spki" }),
    tagged(3, sequence(...extensions), "explicit"),
  );
  const signature = bitString(sign("sha256", toSign, issuerKey));
  const der = sequence(toSign, ecdsaWithSha256, signature).toString("base64");
  const lines = der.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier("2.5.4.3"), utf8String(commonName))));
}

function extension(id: string, content: Buffer, { critical = false } = {}): Buffer {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(id), ...flag, octetString(content));
}

function generalName(host: string): Buffer {
  if (isIP(host) === 0) return tagged(2, Buffer.from(host), "implicit");
  return tagged(7, addressBytes(host), "implicit");
}

/** The 4 or 16 bytes of an IP address. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // The URL parser writes an embedded IPv4 address as two groups.
  const normalized = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = normalized.split("::");
  const groups = (part: string | undefined) => (part ? part.split(":") : []);
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => "0");
  const all = tail === undefined ? groups(head) : [...groups(head), ...zeros, ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest();
}

function pem(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}
