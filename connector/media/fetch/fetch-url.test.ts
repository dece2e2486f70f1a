import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchUrl, type FetchLimits, type Internet } from "./fetch-url.ts";
import { isPublicAddress } from "./public-address.ts";

let site: Server;
let port: number;
const limits: FetchLimits = { allowPrivate: false, maxBytes: 100_000, totalMs: 2000, idleMs: 300 };

beforeAll(async () => {
  site = createServer((request, response) => {
    const to = new URL(request.url ?? "/", "http://site").searchParams.get("to");
    if (to !== null) response.writeHead(302, { location: to }).end();
    else if (request.url === "/silent") response.writeHead(200).flushHeaders();
    else if (request.url === "/slow") {
      response.writeHead(200);
      const timer = setInterval(() => response.write("x"), 50);
      response.on("close", () => clearInterval(timer));
    } else if (request.url === "/large") {
      response.writeHead(200, { "content-length": "100001" }).flushHeaders();
    } else response.end("file");
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  port = (site.address() as AddressInfo).port;
});
afterAll(() => {
  site.closeAllConnections();
  site.close();
});

/** An internet in which the test's server is public, and nothing else of this machine. */
const internet: Internet = {
  lookUp: (name) => Promise.resolve(names[name] ?? []),
  isPublicAddress: (address) => address === "127.0.0.1" || isPublicAddress(address),
};
const names: Record<string, { address: string; family: number }[]> = {
  "site.example": [{ address: "127.0.0.1", family: 4 }],
  "metadata.example": [{ address: "169.254.169.254", family: 4 }],
  "both.example": [
    { address: "127.0.0.1", family: 4 },
    { address: "10.0.0.7", family: 4 },
  ],
  "mapped.example": [{ address: "::ffff:10.0.0.7", family: 6 }],
  "fly.example": [{ address: "fdaa:0:1::3", family: 6 }],
  "db.internal": [{ address: "127.0.0.1", family: 4 }],
  localhost: [{ address: "127.0.0.1", family: 4 }],
};

async function read(url: string, more: Partial<FetchLimits> = {}): Promise<string> {
  let text = "";
  const file = await fetchUrl("image", url, { ...limits, ...more }, internet);
  for await (const chunk of file) text += Buffer.from(chunk).toString();
  return text;
}

test("a file is fetched, also after a redirect", async () => {
  expect(await read(`http://site.example:${port}/file`)).toBe("file");
  expect(await read(`http://site.example:${port}/?to=/file`)).toBe("file");
});

const privateUrls = [
  "http://169.254.169.254/latest/meta-data",
  "http://metadata.example/",
  "http://both.example/",
  "http://mapped.example/",
  "http://fly.example/",
  "http://db.internal/",
  "http://localhost:1/",
  "http://LOCALHOST./",
  "http://127.0.0.2/",
  "http://2130706434/",
  "http://0x7f000002/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.2]/",
  "http://[64:ff9b::a00:7]/",
  "http://100.64.0.1/",
  "http://0.0.0.0/",
];

describe("an address that is not public is refused", () => {
  test.each(privateUrls)("%s", async (url) => {
    await expect(read(url)).rejects.toThrow("private address");
  });

  test.each(privateUrls)("a redirect to %s", async (url) => {
    const redirect = `http://site.example:${port}/?to=${encodeURIComponent(url)}`;
    await expect(read(redirect)).rejects.toThrow("private address");
  });
});

test("a redirect to another protocol, and one that goes round in circles", async () => {
  const file = encodeURIComponent("file:///etc/passwd");
  await expect(read(`http://site.example:${port}/?to=${file}`)).rejects.toThrow("http or https");
  let url = "/file";
  for (let hops = 0; hops < 6; hops += 1) url = `/?to=${encodeURIComponent(url)}`;
  await expect(read(`http://site.example:${port}${url}`)).rejects.toThrow("more than 5 times");
});

test("a server that is silent, one that never ends, and one with a larger file", async () => {
  await expect(read(`http://site.example:${port}/silent`)).rejects.toThrow("broke off");
  await expect(read(`http://site.example:${port}/slow`, { totalMs: 400 })).rejects.toThrow(
    "took too long",
  );
  await expect(read(`http://site.example:${port}/large`)).rejects.toMatchObject({
    code: "payload_too_large",
  });
});
