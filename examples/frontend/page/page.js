import { EventList } from "./event-list.js";

/** @type {typeof import("@supabase/supabase-js")} supabase.js puts it there. */
const { createClient, REALTIME_SUBSCRIBE_STATES } = Reflect.get(globalThis, "supabase");

/** A token is replaced this long before it expires. */
const renewBeforeMs = 60_000;
const retryMs = 2_000;
const maxShown = 500;

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}`);
  return found;
}

/** @param {string} text */
function showStatus(text) {
  element("status").textContent = text;
  element("status").dataset["live"] = String(text === "live");
}

/** @type {any} */
let token;
/** @type {Promise<any> | undefined} The request for the next one, while it runs. */
let request;

/** The token; a new one shortly before it expires. */
async function currentToken() {
  const remainingMs = token === undefined ? 0 : Date.parse(token.expires_at) - Date.now();
  if (remainingMs > renewBeforeMs) return token;
  request ??= requestToken().finally(() => (request = undefined));
  try {
    token = await request;
  } catch (error) {
    if (remainingMs <= 0) throw error;
  }
  return token;
}

async function requestToken() {
  const response = await fetch("/token", { method: "POST" });
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail);
  return body;
}

/** Fills a list item. Names and texts come from strangers: textContent never becomes HTML.
 * @param {Record<string, string>} parts */
function item(parts) {
  const row = document.createElement("li");
  for (const [name, text] of Object.entries(parts)) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    row.append(part);
  }
  return row;
}

/** @param {any} event */
function showEvent({ type, timestamp, session_id, data }) {
  const sender = data.from ?? data.phone ?? "";
  const list = element("events");
  list.prepend(
    item({
      time: new Date(timestamp).toLocaleTimeString(),
      type,
      session: session_id ?? "",
      sender,
      text: data.message ?? data.text ?? "",
    }),
  );
  while (list.childElementCount > maxShown) list.lastElementChild?.remove();
}

/** @param {import("@supabase/supabase-js").SupabaseClient} supabase */
async function showSessions(supabase) {
  const { data, error } = await supabase
    .from("session_resources")
    .select("session_id,name,state,phone")
    .order("session_id");
  if (error) throw new Error(error.message);
  const rows = data.map(({ session_id, name, state, phone }) =>
    item({ session: session_id, name, state, phone: phone ?? "" }),
  );
  element("sessions").replaceChildren(...rows);
}

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Joins the channel, and joins it again whenever it was closed.
 * @param {import("@supabase/supabase-js").SupabaseClient} supabase
 * @param {string} topic
 */
async function listen(supabase, topic) {
  const events = new EventList(supabase, showEvent);
  let isJoined = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;

  const refresh = async () => {
    await Promise.all([events.catchUp(), showSessions(supabase)]);
    if (isJoined) showStatus("live");
  };
  /** @param {Error} error */
  const fail = (error) => {
    showStatus(`not up to date: ${error.message}`);
    clearTimeout(retry);
    retry = setTimeout(refreshOrFail, retryMs);
  };

  const refreshOrFail = () => refresh().catch(fail);

  for (;;) {
    // Otherwise the first join carries the anon key and is refused.
    await supabase.realtime.setAuth();
    const channel = supabase.channel(topic, { config: { private: true } });
    channel.on("broadcast", { event: "*" }, ({ payload }) => {
      events.receive(payload).catch(fail);
      if (payload.type.startsWith("session.")) showSessions(supabase).catch(fail);
    });
    await new Promise((resolve) => {
      channel.subscribe((state, error) => {
        isJoined = state === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED;
        if (isJoined) void refreshOrFail();
        else showStatus(error?.message ?? "connecting");
        // After an error supabase-js joins again by itself; a closed channel stays closed.
        if (state === REALTIME_SUBSCRIBE_STATES.CLOSED) resolve(undefined);
      });
    });
    await supabase.removeChannel(channel);
    await sleep(retryMs);
  }
}

/** The first token; asks until there is one. */
async function firstToken() {
  for (;;) {
    try {
      return await currentToken();
    } catch (error) {
      showStatus(error instanceof Error ? error.message : String(error));
      await sleep(retryMs);
    }
  }
}

const { url, anon_key, topic } = await firstToken();
const supabase = createClient(url, anon_key, {
  accessToken: async () => (await currentToken()).token,
});
await listen(supabase, topic);
