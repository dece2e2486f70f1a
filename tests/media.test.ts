import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestHttp, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Message } from "../shared/message.ts";
import { addTenant, type Answer, type Tenant } from "./support/api.ts";
import { fileOn, mp3, mp4, oggOpus, png, webp } from "./support/files.ts";
import { addPhone, pairSession, type Phone } from "./support/phone.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";
const megabyte = 1_000_000;

interface Problem {
  code: string;
  detail: string;
  errors?: { field: string; detail: string }[];
}

let tenant: Tenant;
let owner: Phone;
let ada: Phone;
let site: Server;
let siteUrl: string;
/** What the site serves, by path. */
const pages = new Map<string, Buffer>();

beforeAll(async () => {
  tenant = await addTenant(addresses, { cors_origins: ["https://shop.example"] });
  owner = await pairSession(tenant, sandbox);
  ada = await addPhone(sandbox);
  site = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://site");
    const page = pages.get(pathname);
    if (pathname === "/moved") response.writeHead(302, { location: "/photo.png" }).end();
    else if (pathname === "/endless") {
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      response.writeHead(200);
      more();
    } else if (page === undefined) response.writeHead(404).end();
    else response.end(page);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});
afterAll(() => {
  site.closeAllConnections();
  site.close();
});

const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

function send(kind: string, body: Record<string, unknown>, headers: Record<string, string> = {}) {
  return tenant.post<Message & Problem>(
    `/session/main/send-${kind}`,
    { to: ada.number, ...body },
    headers,
  );
}

async function sendForm(kind: string, fields: Record<string, string | File>) {
  const form = new FormData();
  form.set("to", ada.number);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const response = await fetch(`${tenant.url}/session/main/send-${kind}`, {
    method: "POST",
    headers: tenant.headers,
    body: form,
  });
  return { status: response.status, body: (await response.json()) as Message & Problem };
}

function fileIn(bytes: Buffer, name: string, type = ""): File {
  return new File([new Uint8Array(bytes)], name, { type });
}

test("an image sent as base64 is stored, and served to its tenant and by its link", async () => {
  await addTenant(addresses, { cors_origins: ["https://other-shop.example"] });
  const image = png(640, 480);

  const sent = await send("image", {
    image: image.toString("base64"),
    caption: "Show this QR at pickup point",
  });
  expect(sent.status).toBe(201);
  expect(sent.body).toMatchObject({
    type: "image",
    text: "Show this QR at pickup point",
    media: {
      mimetype: "image/png",
      size: image.length,
      sha256: hashOf(image),
      width: 640,
      height: 480,
      status: "stored",
    },
  });
  const served = await fetch(sent.body.media?.url ?? "");
  expect(served.status).toBe(200);
  expect(Buffer.from(await served.arrayBuffer()).equals(image)).toBe(true);
  for (const [origin, allowed] of [
    ["https://shop.example", "https://shop.example"],
    ["https://other-shop.example", null],
  ] as const) {
    const toPage = await fetch(sent.body.media?.url ?? "", { headers: { Origin: origin } });
    expect(toPage.headers.get("access-control-allow-origin")).toBe(allowed);
    expect(await toPage.arrayBuffer()).toHaveProperty("byteLength", image.length);
  }

  const arrived = await fileOn(ada, sent.body.wa_message_id);
  expect(arrived).toMatchObject({
    type: "image",
    mimetype: "image/png",
    caption: "Show this QR at pickup point",
    mediaError: null,
  });
  expect(arrived.bytes.equals(image)).toBe(true);
});

describe("each kind arrives byte for byte", () => {
  const image = png(64, 48);
  const video = mp4();
  const audio = mp3(100);
  const voice = oggOpus(3);
  const pdf = Buffer.concat([Buffer.from("%PDF-1.7\n"), randomBytes(5000)]);

  test.each([
    [
      "image",
      image,
      { caption: "Photo" },
      { width: 64, height: 48 },
      { caption: "Photo", jpegThumbnail: expect.any(String) },
    ],
    ["video", video, { caption: "Film" }, { mimetype: "video/mp4" }, { caption: "Film" }],
    ["audio", audio, {}, { mimetype: "audio/mpeg", voice: false }, { voice: false }],
    [
      "audio",
      voice,
      { voice: true },
      { voice: true, seconds: 3 },
      // 64 bytes as base64.
      { voice: true, seconds: 3, waveform: expect.stringMatching(/^.{86}==$/) },
    ],
    [
      "document",
      pdf,
      { file_name: "menù.pdf" },
      { mimetype: "application/pdf" },
      { fileName: "menù.pdf" },
    ],
    ["sticker", webp, {}, { mimetype: "image/webp" }, {}],
  ] as const)("%s", async (kind, bytes, fields, media, atPhone) => {
    for (const prefix of ["", "data:application/octet-stream;base64,"]) {
      const sent = await send(kind, { [kind]: prefix + bytes.toString("base64"), ...fields });
      expect(sent.status).toBe(201);
      expect(sent.body).toMatchObject({
        type: kind,
        status: "SENT",
        media: { ...media, sha256: hashOf(bytes), size: bytes.length, status: "stored" },
      });
      const arrived = await fileOn(ada, sent.body.wa_message_id);
      expect(arrived).toMatchObject({ type: kind, mediaError: null, ...atPhone });
      expect(arrived.bytes.equals(bytes)).toBe(true);
    }
  });

  test.each([
    ["image", image, "photo.png"],
    ["video", video, "film.mp4"],
    ["audio", audio, "song.mp3"],
    ["document", pdf, "bill 7.pdf"],
    ["sticker", webp, "sticker.webp"],
  ] as const)("%s as multipart/form-data", async (kind, bytes, name) => {
    const sent = await sendForm(kind, { [kind]: fileIn(bytes, name) });
    expect(sent).toMatchObject({ status: 201, body: { type: kind, media: { file_name: name } } });
    expect((await fileOn(ada, sent.body.wa_message_id)).bytes.equals(bytes)).toBe(true);
  });

  test.each(["/photo.png", "/moved"])("an image by the URL %s", async (path) => {
    pages.set("/photo.png", image);
    const sent = await send("image", { image: siteUrl + path });
    expect(sent.status).toBe(201);
    expect((await fileOn(ada, sent.body.wa_message_id)).bytes.equals(image)).toBe(true);
  });

  test("a document of 20 MB goes out and comes back", async () => {
    const large = randomBytes(20 * megabyte);
    const sent = await sendForm("document", { document: fileIn(large, "large.bin") });
    expect(sent.status).toBe(201);
    const arrived = await fileOn(ada, sent.body.wa_message_id);
    expect(hashOf(arrived.bytes)).toBe(hashOf(large));
    const served = await fetch(sent.body.media?.url ?? "");
    expect(hashOf(Buffer.from(await served.arrayBuffer()))).toBe(hashOf(large));
  });
});

test("a repeat with the same key is the first message; another file with it is refused", async () => {
  const image = png(8, 8).toString("base64");
  const headers = { "idempotency-key": "order-1" };
  const first = await send("image", { image }, headers);
  const again = await send("image", { image }, headers);
  expect(again.status).toBe(201);
  expect(again.body.id).toBe(first.body.id);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  const other = await send("image", { image: png(8, 8).toString("base64") }, headers);
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
});

describe("refused with a clear answer", () => {
  const image = png(64, 48);

  async function refuse(sent: Promise<Pick<Answer<Problem>, "status" | "body">>, field: string) {
    const { status, body } = await sent;
    expect({ status, code: body.code }).toEqual({ status: 422, code: "invalid_request" });
    expect(body.errors?.map((error) => error.field)).toContain(field);
    return body.errors?.find((error) => error.field === field)?.detail;
  }

  test.each([
    ["image", "a PDF", Buffer.from("%PDF-1.7\nhello"), "must be a JPEG, PNG or WebP image"],
    ["image", "a page", Buffer.from("<html><script>1</script>"), "of an unknown type"],
    ["image", "zero bytes", Buffer.alloc(0), "is empty"],
    ["image", "a cut-off image", image.subarray(0, 4000), "is cut off or damaged"],
    ["video", "a cut-off video", mp4().subarray(0, 9000), "is cut off or damaged"],
    ["video", "an image", image, "must be an MP4"],
    ["sticker", "a PNG", image, "must be a WebP image"],
    ["audio", "an image", image, "must be an MP3"],
  ])("%s that is %s", async (kind, _what, bytes, why) => {
    const form = sendForm(kind, { [kind]: fileIn(bytes, "file.bin") });
    expect(await refuse(form, kind)).toContain(why);
    const base64 = bytes.toString("base64");
    const data = `data:image/png;base64,${base64}`;
    expect(await refuse(send(kind, { [kind]: data }), kind)).toContain(why);
  });

  test("an audio that is no voice message, on a server without ffmpeg or with a broken file", async () => {
    const detail = await refuse(
      send("audio", { audio: mp3(3).toString("base64"), voice: true }),
      "audio",
    );
    expect(detail).toMatch(/ffmpeg|could not be converted/);
  });

  test.each([
    [{}, "image", "`image` is required"],
    [{ image: "???" }, "image", "Must be base64"],
    [{ image: 7 }, "image", "Must be base64"],
    [{ image: "data:image/png,abc" }, "image", "no base64 content"],
    [{ image: "AAAA", caption: "x".repeat(4097) }, "caption", "4096"],
    [{ image: "AAAA", file_name: "../x" }, "file_name", "slashes"],
    [{ image: "AAAA", colour: "red" }, "colour", "not a field"],
    [{ image: "AAAA", to: "abc" }, "to", "phone number"],
    [{ image: "AAAA", voice: true }, "voice", "send-audio only"],
  ])("the body %o", async (body, field, why) => {
    expect(await refuse(send("image", body), field)).toContain(why);
  });

  test.each(["{", '["image"]', '{"image":"AAAA"', '{"image":"AA'])("the JSON %s", async (body) => {
    const response = await fetch(`${tenant.url}/session/main/send-image`, {
      method: "POST",
      headers: { ...tenant.headers, "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_json" });
  });

  test("a body of another type, a form that breaks off, a number without WhatsApp", async () => {
    const post = (type: string, body: string) =>
      fetch(`${tenant.url}/session/main/send-image`, {
        method: "POST",
        headers: { ...tenant.headers, "content-type": type },
        body,
      });
    expect((await post("text/plain", "x")).status).toBe(415);
    const cut = '--b\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\nabc';
    expect((await post("multipart/form-data; boundary=b", cut)).status).toBe(400);
    expect((await post("multipart/form-data", cut)).status).toBe(400);
    const nobody = await send("image", { to: "393330000001", image: image.toString("base64") });
    expect(nobody).toMatchObject({ status: 422, body: { code: "not_on_whatsapp" } });
  });

  test.each([
    ["/none", "answered with 404"],
    ["/cut.png", "is cut off or damaged"],
  ])("the URL %s", async (path, why) => {
    pages.set("/cut.png", image.subarray(0, 3000));
    expect(await refuse(send("image", { image: siteUrl + path }), "image")).toContain(why);
  });

  test.each([
    ["ftp://127.0.0.1/a.png", "base64"],
    ["http://user:secret@127.0.0.1/a.png", "user name or a password"],
    ["http://127.0.0.1:1/a.png", "could not be fetched"],
    ["http://name.invalid/a.png", "could not be resolved"],
    ["http://", "http or https URL"],
  ])("the URL %s", async (url, why) => {
    expect(await refuse(send("image", { image: url }), "image")).toContain(why);
  });
});

describe("too large, with the limit in the answer", () => {
  const tooLarge = (body: Problem) => {
    expect(body.code).toBe("payload_too_large");
    expect(body.errors).toEqual([
      { field: expect.any(String), detail: expect.stringMatching(/at most \d+ MB \(\d+ bytes\)/) },
    ]);
  };

  test.each([
    ["image", 16.5],
    ["video", 16.5],
    ["audio", 16.5],
    ["sticker", 1.2],
  ])("%s", async (kind, size) => {
    const form = await sendForm(kind, { [kind]: fileIn(Buffer.alloc(size * megabyte), "a") });
    expect(form.status).toBe(413);
    tooLarge(form.body);
  });

  test("a URL that never ends", async () => {
    const sent = await send("image", { image: `${siteUrl}/endless` });
    expect(sent.status).toBe(413);
    tooLarge(sent.body);
  });

  test.each([
    ["that says so", { "content-length": "2000000000" }],
    ["that does not say so", { "transfer-encoding": "chunked" }],
  ])("a body of 2 GB %s", async (_what, length) => {
    const { status, body } = await postEndlessly(
      `${tenant.url}/session/main/send-image`,
      { ...tenant.headers, "content-type": "multipart/form-data; boundary=b", ...length },
      `--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n`,
    );
    expect(status).toBe(413);
    tooLarge(body);
  });
});

/** Sends a body that is too large until there is an answer. */
async function postEndlessly(url: string, headers: Record<string, string>, begin: string) {
  // The server closes the connection while this still sends; a reset may overtake its answer.
  for (let attempt = 0; attempt < 10; attempt++) {
    const answer = await sendZeros(url, headers, begin).catch(() => undefined);
    if (answer !== undefined) return answer;
  }
  throw new Error("Ten connections were closed without an answer");
}

async function sendZeros(url: string, headers: Record<string, string>, begin: string) {
  const request = requestHttp(url, { method: "POST", headers });
  const zeros = Buffer.alloc(65_536);
  let isAnswered = false;
  const more = () => {
    if (!isAnswered && request.write(zeros)) setImmediate(more);
  };
  request.on("drain", more);
  request.on("close", () => (isAnswered = true));
  request.write(begin);
  // A length that is too large is answered at once: nothing more needs to be sent.
  if (headers["content-length"] === undefined) more();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });
  isAnswered = true;
  let text = "";
  for await (const chunk of response) text += String(chunk);
  request.destroy();
  return { status: response.statusCode, body: JSON.parse(text) as Problem };
}

describe("a received file", () => {
  test("is in the history and served; another tenant cannot get it", async () => {
    const image = png(32, 32);
    const { body: said } = await ada.post<{ id: string }>("/messages", {
      to: owner.number,
      type: "image",
      data: image.toString("base64"),
      mimetype: "image/png",
      width: 32,
      height: 32,
    });
    let found: Message | undefined;
    while (found?.media?.status !== "stored") {
      const { body } = await tenant.get<{ data: Message[] }>("/session/main/messages?direction=in");
      found = body.data.find(({ wa_message_id: id }) => id === said.id);
    }
    const link = new URL(found.media.url ?? "");
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(image)).toBe(true);

    const byKey = await fetch(`${tenant.url}${link.pathname}`, { headers: tenant.headers });
    expect(Buffer.from(await byKey.arrayBuffer()).equals(image)).toBe(true);
    expect(byKey.headers.get("ratelimit-limit")).toBe("10000");

    const other = await addTenant(addresses);
    const byOther = await fetch(`${tenant.url}${link.pathname}`, { headers: other.headers });
    expect(byOther.status).toBe(404);
    link.searchParams.set("tenant", other.id);
    expect((await fetch(link)).status).toBe(401);
  });
});
