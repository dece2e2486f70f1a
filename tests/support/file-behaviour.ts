import { once } from "node:events";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { beforeAll, describe, expect, test } from "vitest";
import type { Addresses } from "../../local/addresses.ts";
import type { Message } from "../../shared/message.ts";
import { addTenant, type Tenant } from "./api.ts";
import { png } from "./files.ts";
import { addPhone, pairSession, type Phone } from "./phone.ts";

const traversals = [
  "/files/main/../../../../etc/passwd",
  "/files/../../etc/passwd",
  "/files/main/..%2f..%2f..%2fetc%2fpasswd",
  "/files/main/%2e%2e/%2e%2e/etc/passwd",
  "/files/main/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "/files/main/%252e%252e%252fetc%252fpasswd",
  "/files/main/..%5c..%5cetc%5cpasswd",
  String.raw`/files/main/..\..\etc\passwd`,
  "/files/main/%c0%ae%c0%ae%c0%afetc",
  "/files/main/%u002e%u002e%u002f",
  "/files/main/%00.png",
  "/files/main/x%0d%0aset-cookie:a=b",
  "/files/%2e%2e/main/x.png",
  "/files/..%2fother/x.png",
  "/files/main/.incoming/x",
  "/files/main/",
  "/files/main",
  "/files/main/%",
  "//etc/passwd",
];

/** The tests of `GET /files`, whatever the files are kept in. */
export function describeFiles(addressesOf: () => Addresses): void {
  describe("GET /files", () => {
    const image = png(50, 40);
    let tenant: Tenant;
    let ada: Phone;
    let link: string;

    beforeAll(async () => {
      const addresses = addressesOf();
      tenant = await addTenant(addresses);
      await pairSession(tenant, addresses.sandboxUrl ?? "");
      ada = await addPhone(addresses.sandboxUrl ?? "");
      link = await sendFile("image", image, "photo.png");
    });

    async function sendFile(kind: string, bytes: Buffer, name: string): Promise<string> {
      const { status, body } = await tenant.post<Message>(`/session/main/send-${kind}`, {
        to: ada.number,
        [kind]: bytes.toString("base64"),
        file_name: name,
      });
      expect(status).toBe(201);
      return body.media?.url ?? "";
    }

    const get = async (headers: Record<string, string> = {}, method = "GET") => {
      const response = await fetch(link, { method, headers });
      return { response, bytes: Buffer.from(await response.arrayBuffer()) };
    };

    test("the whole file, with headers that keep a browser from running it", async () => {
      const { response, bytes } = await get();
      expect(response.status).toBe(200);
      expect(bytes.equals(image)).toBe(true);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "image/png",
        "content-length": String(image.length),
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": expect.stringMatching(/^inline; filename="photo.png"/),
      });
    });

    test.each([
      ["page.html", "<script>alert(1)</script>"],
      ["drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'],
      ["paper.pdf", "%PDF-1.7\n"],
    ])("%s is saved, not shown", async (name, content) => {
      const response = await fetch(await sendFile("document", Buffer.from(content), name));
      expect(await response.text()).toBe(content);
      expect(response.headers.get("content-disposition")).toContain(
        `attachment; filename="${name}"`,
      );
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    });

    test.each([
      ["bytes=0-9", 0, 10],
      ["bytes=10-", 10, image.length],
      ["bytes=-5", image.length - 5, image.length],
      ["bytes=3-99999999", 3, image.length],
    ])("the range %s", async (range, start, end) => {
      const { response, bytes } = await get({ range });
      expect(response.status).toBe(206);
      expect(response.headers.get("content-range")).toBe(
        `bytes ${start}-${end - 1}/${image.length}`,
      );
      expect(bytes.equals(image.subarray(start, end))).toBe(true);
    });

    test("a range beyond the end, a HEAD, and what a client has already", async () => {
      expect((await get({ range: `bytes=${image.length}-` })).response.status).toBe(416);
      const { response: head, bytes } = await get({}, "HEAD");
      expect(head.status).toBe(200);
      expect(head.headers.get("content-length")).toBe(String(image.length));
      expect(bytes).toHaveLength(0);
      const etag = head.headers.get("etag") ?? "";
      expect(etag).not.toBe("");
      const { response: known } = await get({ "if-none-match": etag });
      expect(known.status).toBe(304);
      expect(known.headers.get("etag")).toBe(etag);
    });

    test("a link that expired, or was changed, needs a key", async () => {
      for (const [name, value] of [
        ["expires", "1700000000"],
        ["expires", "99999999999"],
        ["tenant", "other"],
        ["name", "other.png"],
        ["signature", "AAAA"],
      ] as const) {
        const changed = new URL(link);
        changed.searchParams.set(name, value);
        expect((await fetch(changed)).status).toBe(401);
      }
      const { origin, pathname } = new URL(link);
      expect((await fetch(origin + pathname)).status).toBe(401);
      const byKey = await fetch(origin + pathname, { headers: tenant.headers });
      expect(byKey.status).toBe(200);
      expect(byKey.headers.get("ratelimit-limit")).toBe("10000");
      expect((await byKey.arrayBuffer()).byteLength).toBe(image.length);
      const missing = pathname.replace(/[0-9a-f]{12}\.png$/, "000000000000.png");
      expect((await fetch(origin + missing, { headers: tenant.headers })).status).toBe(404);
    });

    test.each(traversals)("the path %s leads nowhere", async (path) => {
      // Not with fetch, which resolves the dots before it sends.
      const { hostname, port } = new URL(tenant.url);
      const request = requestHttp({ hostname, port, path, headers: tenant.headers });
      request.end();
      const [response] = (await once(request, "response")) as [IncomingMessage];
      response.resume();
      expect([400, 404]).toContain(response.statusCode);
    });
  });
}
