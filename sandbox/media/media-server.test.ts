import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Harness } from "../testing/harness.ts";
import { trustCertificate } from "../testing/trust.ts";

const file = randomBytes(200_000);
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("base64url");

let harness: Harness;
let phone: string;
let hosts: string[];
let auth: string;
let now = Date.now();

beforeAll(async () => {
  harness = await Harness.start({ now: () => now });
  trustCertificate(harness.sandbox.caCertificate);
  phone = await harness.phone();
  const client = await harness.paired(phone);
  const connection = await client.socket.refreshMediaConn();
  hosts = connection.hosts.map(({ hostname }) => `https://${hostname}`);
  auth = connection.auth;
});
afterAll(() => harness.stop());
afterEach(() => harness.call("DELETE", "/faults"));

interface Upload {
  bytes?: Uint8Array;
  hash?: string;
  kind?: string;
  token?: string;
}

async function upload({ bytes = file, hash = hashOf(bytes), ...rest }: Upload = {}) {
  const { kind = "image", token = auth } = rest;
  const path = `/mms/${kind}/${hash}?auth=${encodeURIComponent(token)}&token=${hash}`;
  const response = await fetch(`${harness.sandbox.mediaUrl}${path}`, {
    method: "POST",
    body: Uint8Array.from(bytes),
  });
  const body = (await response.json()) as { url: string; direct_path: string };
  return { status: response.status, ...body };
}

async function download(url: string, range?: string) {
  const response = await fetch(url, { headers: range === undefined ? {} : { range } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

describe("the certificate", () => {
  test("is issued for 127.0.0.1 and localhost by the CA that clients are given", async () => {
    const { caCertificate, mediaUrl, url } = harness.sandbox;
    const { port } = new URL(mediaUrl);
    const socket = connectTls({ host: "localhost", port: Number(port), ca: caCertificate });
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate();
    socket.destroy();
    expect(certificate?.subjectAltName).toBe("IP Address:127.0.0.1, DNS:localhost");
    const authority = new X509Certificate(caCertificate);
    expect(certificate?.checkIssued(authority)).toBe(true);
    expect(certificate?.verify(authority.publicKey)).toBe(true);
    expect(authority.ca).toBe(true);
    expect(await (await fetch(`${url}/ca.pem`)).text()).toBe(caCertificate);
  });

  test("is not trusted by a client that was not given the CA", async () => {
    const { port } = new URL(harness.sandbox.mediaUrl);
    const socket = connectTls({ host: "127.0.0.1", port: Number(port), ca: [] });
    const [error] = await once(socket, "error");
    expect(error).toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  });
});

test("clients are given the host of the media server", () => {
  expect(hosts).toEqual([harness.sandbox.mediaUrl]);
});

describe("an upload", () => {
  test("is answered with a URL and a direct path, where the bytes are", async () => {
    const answer = await upload();
    expect(answer).toMatchObject({ status: 200 });
    const byUrl = await download(answer.url);
    expect(byUrl).toMatchObject({ status: 200 });
    expect(byUrl.bytes.equals(file)).toBe(true);
    const byPath = await download(`${harness.sandbox.mediaUrl}${answer.direct_path}`);
    expect(byPath.bytes.equals(file)).toBe(true);
  });

  test("needs a token that was not forged and has not expired", async () => {
    for (const token of ["", "x", auth.replace(phone, "393339999999"), `${auth.slice(0, -1)}_`]) {
      expect(await upload({ token })).toMatchObject({ status: 401 });
    }
    now += 6 * 3_600_000 + 1;
    const answer = await upload();
    now -= 6 * 3_600_000 + 1;
    expect(answer).toMatchObject({ status: 401 });
  });

  test("must have the hash in its path", async () => {
    expect(await upload({ hash: hashOf(randomBytes(3)) })).toMatchObject({ status: 400 });
    expect(await upload({ hash: "short" })).toMatchObject({ status: 404 });
    expect(await upload({ hash: "../../network.sqlite" })).toMatchObject({ status: 404 });
  });

  test("larger than WhatsApp takes is refused, with and without a length", async () => {
    const large = Buffer.alloc(17 * 1024 * 1024);
    expect(await upload({ bytes: large })).toMatchObject({ status: 413 });
    const hash = hashOf(large);
    const url = `${harness.sandbox.mediaUrl}/mms/video/${hash}?auth=${encodeURIComponent(auth)}`;
    const chunked = new Response(large).body;
    const options = { method: "POST", body: chunked, duplex: "half" } as RequestInit;
    // The server answers and closes before the whole body was sent, so fetch may fail instead.
    const status = await fetch(url, options).then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect(await upload({ bytes: large, kind: "document" })).toMatchObject({ status: 200 });
  });

  test("is refused by a fault, once", async () => {
    await harness.call("POST", "/faults", { kind: "refuse-upload", phone, code: 503 });
    expect(await upload()).toMatchObject({ status: 503 });
    expect(await upload()).toMatchObject({ status: 200 });
  });
});

describe("a download", () => {
  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=16-99", 16, 100],
    ["bytes=199990-", 199_990, 200_000],
    ["bytes=-10", 199_990, 200_000],
    ["bytes=199990-999999", 199_990, 200_000],
  ])("of %s has only these bytes", async (range, start, end) => {
    const { url } = await upload();
    const part = await download(url, range);
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/200000`);
    expect(part.bytes.equals(file.subarray(start, end))).toBe(true);
  });

  test("of a range outside the file is 416, and of a header of another form the whole file", async () => {
    const { url } = await upload();
    expect(await download(url, "bytes=200000-")).toMatchObject({ status: 416 });
    expect(await download(url, "bytes=5-4")).toMatchObject({ status: 416 });
    expect((await download(url, "bytes=0-1,4-5")).bytes).toHaveLength(200_000);
  });

  test.each(["/v/unknown.enc", "/v/..%2fnetwork.sqlite", "/v/%2e%2e%2f%2e%2e%2fetc%2fpasswd"])(
    "of %s is 404",
    async (path) => {
      expect(await download(`${harness.sandbox.mediaUrl}${path}`)).toMatchObject({ status: 404 });
    },
  );

  test("is corrupted by a fault, once", async () => {
    const { url } = await upload();
    await harness.call("POST", "/faults", { kind: "corrupt-media", phone });
    const { status, bytes } = await download(url);
    expect(status).toBe(200);
    expect(bytes).toHaveLength(file.length);
    expect(bytes.equals(file)).toBe(false);
    expect((await download(url)).bytes.equals(file)).toBe(true);
  });

  test("is slowed down by a fault", async () => {
    const bytes = randomBytes(2_000);
    const { url } = await upload({ bytes });
    await harness.call("POST", "/faults", { kind: "slow-media", bytesPerSecond: 10_000 });
    const startedAt = performance.now();
    expect((await download(url)).bytes.equals(bytes)).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(150);
  });

  test("hangs after the headers with a fault of 0 bytes a second", async () => {
    const { url } = await upload();
    await harness.call("POST", "/faults", { kind: "slow-media", bytesPerSecond: 0 });
    const abort = new AbortController();
    const response = await fetch(url, { signal: abort.signal });
    expect(response.status).toBe(200);
    const reading = response.arrayBuffer();
    abort.abort();
    await expect(reading).rejects.toThrow("aborted");
    expect((await download(url)).bytes.equals(file)).toBe(true);
  });
});
