import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestClient } from "../testing/client.ts";
import { Harness } from "../testing/harness.ts";

const failed = 0;
const delivered = 3;

let harness: Harness;
let ada: string;
let ben: string;
let client: TestClient;
const jid = (phone: string) => `${phone}@s.whatsapp.net`;

beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());
beforeEach(async () => {
  ada = await harness.phone("Ada");
  ben = await harness.phone("Ben");
  client = await harness.paired(ada);
});
afterEach(() => harness.call("DELETE", "/faults"));

function inject(fault: object) {
  return harness.call("POST", "/faults", fault);
}

/** Sends a text without waiting for the ack; returns its id. */
async function send(text: string, to = ben): Promise<string> {
  const sent = await client.socket.sendMessage(jid(to), { text });
  return sent?.key.id ?? "";
}

async function texts(phone: string): Promise<unknown[]> {
  return (await harness.messages(phone)).map(({ text }) => text);
}

describe("nack", () => {
  test("refuses the next messages with the code, and does not deliver them", async () => {
    const created = await inject({ kind: "nack", code: 479, phone: ada, count: 2 });
    const fault = { kind: "nack", code: 479, phone: ada, to: null, count: 2 };
    expect(created).toEqual({ status: 201, body: fault });
    for (const text of ["one", "two"]) {
      const id = await send(text);
      expect((await client.ack(id)).attrs).toMatchObject({ error: "479", from: jid(ben) });
      await client.status(id, failed);
    }
    await client.status(await send("three"), delivered);
    expect(await texts(ben)).toEqual(["three"]);
  });

  test("applies to one sender and one recipient, and is listed until it has applied", async () => {
    const cat = await harness.phone("Cat");
    await inject({ kind: "nack", code: 463, phone: ada, to: cat });
    await inject({ kind: "nack", code: 500, phone: ben });
    const data = [
      { kind: "nack", code: 463, phone: ada, to: cat, count: 1 },
      { kind: "nack", code: 500, phone: ben, to: null, count: 1 },
    ];
    expect((await harness.call("GET", "/faults")).body).toEqual({ data });
    await client.status(await send("to Ben"), delivered);
    expect((await client.ack(await send("to Cat", cat))).attrs["error"]).toBe("463");
    expect((await harness.call("GET", "/faults")).body).toEqual({ data: data.slice(1) });
  });

  test("with count null applies until the faults are cleared", async () => {
    await inject({ kind: "nack", code: 400, phone: ada, count: null });
    for (const text of ["one", "two", "three"]) {
      expect((await client.ack(await send(text))).attrs["error"]).toBe("400");
    }
    expect(await harness.call("DELETE", "/faults")).toMatchObject({ status: 204 });
    await client.status(await send("four"), delivered);
  });
});

describe("acks", () => {
  /** The ids of acks and delivery receipts in the order in which they arrive. */
  function recordResponses(): string[] {
    const responses: string[] = [];
    const { ws } = client.socket;
    ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) => responses.push(`ack ${attrs["id"]}`));
    ws.on("CB:receipt", ({ attrs }: BinaryNode) => responses.push(`receipt ${attrs["id"]}`));
    return responses;
  }

  test("lose-acks delivers the message without an ack", async () => {
    const responses = recordResponses();
    await inject({ kind: "lose-acks", phone: ada });
    const first = await send("one");
    await client.receipt(first);
    const second = await send("two");
    await client.receipt(second);
    expect(responses).toEqual([`receipt ${first}`, `ack ${second}`, `receipt ${second}`]);
    expect(await texts(ben)).toEqual(["one", "two"]);
  });

  test("delay-acks sends the ack after the delay", async () => {
    const responses = recordResponses();
    await inject({ kind: "delay-acks", phone: ada, delayMs: 1_000 });
    const id = await send("one");
    await client.ack(id);
    expect(responses).toEqual([`receipt ${id}`, `ack ${id}`]);
  });
});

describe("lose-receipts", () => {
  test("cuts the connection, and the message that was decrypted is delivered again", async () => {
    await inject({ kind: "lose-receipts", phone: ada });
    const message = { to: ada, type: "text", text: "Once only" };
    await harness.call("POST", `/phones/${ben}/messages`, message);
    await client.text("Once only");
    await client.closeCode();
    const [sent] = await harness.messages(ben);

    client.reconnect();
    const delivery = await new Promise<BinaryNode>((resolve) => {
      client.socket.ws.once("CB:message", resolve);
    });
    expect(delivery.attrs).toMatchObject({ id: sent?.["id"], offline: "0" });
  });
});

describe("go-silent", () => {
  test("leaves the connection open and passes nothing until the client reconnects", async () => {
    expect(await inject({ kind: "go-silent", phone: ada })).toEqual({
      status: 200,
      body: { silenced: 1 },
    });
    const unanswered = client.socket.query(
      { tag: "iq", attrs: { to: "s.whatsapp.net", type: "get", xmlns: "w:p" } },
      300,
    );
    await expect(unanswered).rejects.toThrow("Timed Out");
    const message = { to: ada, type: "text", text: "Are you there?" };
    await harness.call("POST", `/phones/${ben}/messages`, message);
    await client.close();
    client.reconnect();
    await client.text("Are you there?");
    expect(await texts(ada)).toContain("Are you there?");
  });
});

describe("stream-error", () => {
  test.each([
    [{ code: 503 }, 503],
    [{ code: 500 }, 500],
    [{ conflict: "replaced" }, 440],
    [{ code: 401, conflict: "device_removed" }, 401],
  ])("%j closes the connection with %i, and the device can log in again", async (error, code) => {
    const answer = await inject({ kind: "stream-error", phone: ada, ...error });
    expect(answer).toEqual({ status: 200, body: { closed: 1 } });
    expect(await client.closeCode()).toBe(code);
    client.reconnect();
    await client.open();
  });

  test("needs a code or a conflict", async () => {
    expect(await inject({ kind: "stream-error" })).toMatchObject({
      status: 422,
      body: { code: "invalid_request" },
    });
  });
});

describe("refuse-login", () => {
  test.each([402, 403, 405, 503])(
    "fails the next login with %i, not the one after",
    async (code) => {
      await inject({ kind: "refuse-login", code, phone: ada });
      await client.close();
      client.reconnect();
      expect(await client.closeCode()).toBe(code);
      client.reconnect();
      await client.open();
    },
  );
});
