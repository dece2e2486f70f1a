import type { SupabaseClient } from "@supabase/supabase-js";
import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { inbox, subscribe } from "../testing/channels.ts";
import { signToken, startTestProject, type TestProject } from "../testing/test-project.ts";

const fixtures = `
  create policy read on realtime.messages for select to authenticated
    using (realtime.topic() like 'tenant:' || (auth.jwt() ->> 'tenant_id') || ':%' and extension = 'broadcast');
  create policy write on realtime.messages for insert to authenticated
    with check (realtime.topic() = 'tenant:' || (auth.jwt() ->> 'tenant_id') || ':chat');
`;

let project: TestProject;
beforeAll(async () => {
  project = await startTestProject(fixtures);
});
afterAll(() => project.stop());

async function listen(client: SupabaseClient, topic: string, isPrivate = false, event = "*") {
  const box = inbox<{ event: string; payload?: unknown; meta?: unknown }>();
  const channel = client.channel(topic, { config: { private: isPrivate } });
  channel.on("broadcast", { event }, (message) => box.add(message));
  await subscribe(channel);
  return box;
}

async function tenant(id: string) {
  const client = await project.as({ tenant_id: id });
  await client.realtime.setAuth();
  return client;
}

const send = (topic: string, payload: unknown, isPrivate = true, event = "news") =>
  project.sql.query("select realtime.send($1::jsonb, $2, $3, $4)", [
    JSON.stringify(payload),
    event,
    topic,
    isPrivate,
  ]);

/** A client with its own WebSocket. */
function newClient(key: string, vsn = "2.0.0") {
  const client = createClient(project.url, key, {
    realtime: { vsn },
    auth: { persistSession: false },
  });
  onTestFinished(() => void client.realtime.disconnect());
  return client;
}

describe("broadcast from the database", () => {
  it("reaches the private channel of its topic, complete and in order", async () => {
    const box = await listen(await tenant("a"), "tenant:a:events", true);
    const large = "ü".repeat(50_000);
    await send("tenant:a:events", { n: 1, large });
    await project.sql.query(
      "select realtime.send(jsonb_build_object('n', n), 'news', 'tenant:a:events') from generate_series(2, 20) n",
    );
    const received = await box.waitFor(20);
    expect(received[0]).toMatchObject({ event: "news", payload: { n: 1, large } });
    expect(received.map((message) => (message.payload as { n: number }).n)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
  });

  it("separates public and private channels of one name", async () => {
    const client = newClient(project.serviceKey);
    const inPublic = await listen(client, "news");
    const inPrivate = await listen(newClient(project.serviceKey), "news", true);
    await send("news", { n: 1 }, true);
    await send("news", { n: 2 }, false);
    expect(await inPrivate.waitFor(1)).toMatchObject([{ payload: { n: 1 } }]);
    expect(await inPublic.waitFor(1)).toMatchObject([{ payload: { n: 2 } }]);
  });

  it("does not send what was rolled back", async () => {
    const box = await listen(newClient(project.serviceKey), "rolled", true);
    await project.sql.query("begin; select realtime.send('{\"n\":1}', 'x', 'rolled'); rollback");
    await send("rolled", { n: 2 });
    expect(await box.waitFor(1)).toMatchObject([{ payload: { n: 2 } }]);
  });

  it("delivers what was committed while the replication connection was down", async () => {
    const box = await listen(newClient(project.serviceKey), "broken", true);
    await project.sql.query(
      `select pg_terminate_backend(active_pid) from pg_replication_slots where active`,
    );
    for (const n of [1, 2, 3]) await send("broken", { n });
    expect((await box.waitFor(3)).map((message) => message.payload)).toMatchObject([
      { n: 1 },
      { n: 2 },
      { n: 3 },
    ]);
  });

  it("delivers, after a reconnect, the commit that directly follows the last confirmed one", async () => {
    const box = await listen(newClient(project.serviceKey), "adjacent", true);
    const [first, second] = [await project.sql.connect(), await project.sql.connect()];
    for (const [client, n] of [
      [first, 1],
      [second, 2],
    ] as const) {
      await client.query("begin");
      await client.query(
        "select realtime.send(jsonb_build_object('n', $1::int), 'x', 'adjacent')",
        [n],
      );
    }
    await first.query("commit");
    const { rows } = await first.query<{ lsn: string }>(
      "select pg_current_wal_insert_lsn() as lsn",
    );
    const isConfirmed = async () =>
      (
        await first.query<{ confirmed: boolean }>(
          "select bool_and(confirmed_flush_lsn >= $1) as confirmed from pg_replication_slots",
          [rows[0]?.lsn],
        )
      ).rows[0]?.confirmed;
    await expect.poll(isConfirmed, { timeout: 5_000 }).toBe(true);
    await first.query("select pg_terminate_backend(active_pid) from pg_replication_slots");
    await second.query("commit");
    first.release();
    second.release();
    expect((await box.waitFor(2)).map(({ payload }) => payload)).toMatchObject([
      { n: 1 },
      { n: 2 },
    ]);
  });

  it("works with protocol 1.0.0 too", async () => {
    const box = await listen(newClient(project.serviceKey, "1.0.0"), "old", true);
    await send("old", { n: 1 });
    expect(await box.waitFor(1)).toMatchObject([{ event: "news", payload: { n: 1 } }]);
  });
});

describe("broadcast between clients", () => {
  it.each(["1.0.0", "2.0.0"])(
    "reaches the other clients but not the sender, and is acknowledged (%s)",
    async (vsn) => {
      const others = await listen(newClient(project.anonKey), "room");
      const channel = newClient(project.anonKey, vsn).channel("room", {
        config: { broadcast: { ack: true } },
      });
      const own = inbox<unknown>();
      channel.on("broadcast", { event: "*" }, (message) => own.add(message));
      await subscribe(channel);
      const answer = await channel.send({
        type: "broadcast",
        event: "hi",
        payload: { text: "ciào" },
      });
      expect(answer).toBe("ok");
      expect(await others.waitFor(1)).toMatchObject([{ event: "hi", payload: { text: "ciào" } }]);
      expect(own.received).toEqual([]);
    },
  );

  it("is sent back to a sender that asks for it", async () => {
    const channel = newClient(project.anonKey).channel("echo", {
      config: { broadcast: { self: true } },
    });
    const box = inbox<{ event: string; payload?: unknown }>();
    channel.on("broadcast", { event: "hi" }, (message) => box.add(message));
    await subscribe(channel);
    await channel.send({ type: "broadcast", event: "hi", payload: { n: 1 } });
    expect(await box.waitFor(1)).toMatchObject([{ payload: { n: 1 } }]);
  });

  it("carries binary payloads", async () => {
    const box = await listen(newClient(project.anonKey), "bytes");
    const channel = await subscribe(newClient(project.anonKey).channel("bytes"));
    await channel.send({
      type: "broadcast",
      event: "raw",
      payload: new Uint8Array([1, 2, 255]).buffer,
    });
    const [message] = await box.waitFor(1);
    expect(new Uint8Array(message?.payload as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 255]));
  });

  it("works over HTTP without joining", async () => {
    const box = await listen(newClient(project.anonKey), "http:room");
    const sender = newClient(project.anonKey).channel("http:room");
    expect(await sender.httpSend("one", { n: 1 })).toEqual({ success: true });
    await box.waitFor(1);
    const response = await fetch(`${project.url}/realtime/v1/api/broadcast`, {
      method: "POST",
      headers: { apikey: project.anonKey, "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ topic: "http:room", event: "two", payload: { n: 2 } }] }),
    });
    expect(response.status).toBe(202);
    expect((await box.waitFor(2)).map(({ event }) => event)).toEqual(["one", "two"]);
  });
});

describe("private channels", () => {
  it("admit only clients that the policies let read", async () => {
    const b = await tenant("b");
    await expect(listen(b, "tenant:a:events", true)).rejects.toThrow(
      "Unauthorized: You do not have permissions to read from this Channel topic: tenant:a:events",
    );
    await expect(listen(newClient(project.anonKey), "tenant:a:events", true)).rejects.toThrow(
      "Unauthorized",
    );
    const service = await listen(newClient(project.serviceKey), "tenant:a:events", true);
    await send("tenant:a:events", { n: 1 });
    await service.waitFor(1);
  });

  it("carry only messages that the policies let through", async () => {
    const box = await listen(newClient(project.serviceKey), "tenant:a:chat", true);
    const a = await tenant("a");
    const options = { config: { private: true, broadcast: { ack: true } } };
    const chat = await subscribe(a.channel("tenant:a:chat", options));
    expect(await chat.send({ type: "broadcast", event: "x", payload: { n: 1 } })).toBe("ok");
    await box.waitFor(1);
    const events = await subscribe(a.channel("tenant:a:events", options));
    expect(await events.send({ type: "broadcast", event: "x", payload: {} })).toBe("error");
  });
});

describe("tokens", () => {
  it("that expire close the channel with a reason", async () => {
    const client = newClient(project.anonKey);
    const exp = Math.floor(Date.now() / 1000) + 1;
    await client.realtime.setAuth(await signToken({ tenant_id: "a", exp }));
    const channel = client.channel("tenant:a:events", { config: { private: true } });
    const system = inbox<{ status: string; message: string }>();
    channel.on("system", {}, (message) => system.add(message));
    const states = inbox<string>();
    channel.subscribe((status) => states.add(status));
    expect(await states.waitFor(2)).toEqual(["SUBSCRIBED", "CLOSED"]);
    expect(system.received[0]).toMatchObject({ status: "error" });
    expect(system.received[0]?.message).toMatch(/Token has expired \d+ seconds ago/);
  });

  it("that are renewed in time keep the channel open", async () => {
    const client = newClient(project.anonKey);
    const exp = Math.floor(Date.now() / 1000) + 1;
    await client.realtime.setAuth(await signToken({ tenant_id: "a", exp }));
    const box = await listen(client, "tenant:a:events", true);
    await client.realtime.setAuth(await signToken({ tenant_id: "a" }));
    await new Promise((resolve) => setTimeout(resolve, exp * 1000 + 200 - Date.now()));
    await send("tenant:a:events", { n: 1 });
    expect(await box.waitFor(1)).toHaveLength(1);
  });

  it("that are expired, wrongly signed or malformed are rejected", async () => {
    const denial = async (token: string) => {
      const client = newClient(project.anonKey);
      await client.realtime.setAuth(token);
      return listen(client, "tenant:a:events", true).then(
        () => "joined",
        (error: Error) => error.message,
      );
    };
    expect(await denial(await signToken({ exp: 1_000 }))).toMatch(
      /^InvalidJWTToken: Token has expired/,
    );
    expect(await denial(await signToken({}, "another-secret-of-at-least-32-characters"))).toMatch(
      /^JwtSignatureError/,
    );
    expect(await denial("nonsense")).toMatch(/^MalformedJWT/);
  });
});
