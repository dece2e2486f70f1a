import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "../shared/message.ts";
import { addTenant, type Tenant, until } from "../tests/support/api.ts";
import { fileOn, mp4, png } from "../tests/support/files.ts";
import { addPhone, pairSession, type Phone } from "../tests/support/phone.ts";
import { runBench } from "./environment/environment.ts";
import { ownDirectory, spawnProduct } from "./product/spawn-product.ts";
import { readFlags } from "./support/flags.ts";
import { runLoad } from "./support/load.ts";
import { cpuOf, perUnit } from "./support/process-table.ts";
import { memoryByProcess } from "./support/process-tree.ts";
import { printTable, progress } from "./support/table.ts";

const flags = readFlags(
  "What files cost: memory while they are sent and received, CPU when served",
  {
    files: { usual: 60, quick: 20, about: "videos of a round" },
    concurrency: { usual: 20, quick: 20, about: "videos at a time" },
    megabytes: { usual: 15, quick: 15, about: "megabytes of a video" },
    served: { usual: 1000, quick: 200, about: "times that a stored image is fetched" },
  },
);
const megabyte = 1_000_000;
const sampleEveryMs = 100;
const settleMs = 3000;
const measured = ["connector", "workerd", "Worker host (Node)"];

await runBench(flags, async (environment) => {
  const product = environment.stopAtEnd(
    await spawnProduct({ directory: ownDirectory, dataDir: await environment.newDirectory() }),
  );
  const { sandboxUrl } = product.ready;
  if (sandboxUrl === null) throw new Error("The product has no sandbox");
  const tenant = await addTenant(product.ready, { rate_limit_per_minute: 1_000_000 });
  const owner = await pairSession(tenant, sandboxUrl);
  const ada = await addPhone(sandboxUrl);
  const video = mp4(flags.megabytes * megabyte);

  progress("warming up");
  await sendVideo(tenant, ada, video);
  await receiveFile(tenant, { from: ada, to: owner });
  await sleep(settleMs);

  progress(`sending ${flags.files} videos`);
  const sent: Message[] = [];
  const out = await peakOf(product.pid, async () => {
    const { seconds } = await runLoad({
      total: flags.files,
      concurrency: flags.concurrency,
      one: async () => void sent.push(await sendVideo(tenant, ada, video)),
    });
    return seconds;
  });
  const arrived = await fileOn(ada, sent.at(-1)?.wa_message_id ?? null);
  if (hashOf(arrived.bytes) !== hashOf(video)) throw new Error("The phone has another video");
  await sleep(settleMs);

  progress(`receiving ${flags.files} videos`);
  const incoming = await peakOf(product.pid, async () => {
    const { seconds } = await runLoad({
      total: flags.files,
      concurrency: flags.concurrency,
      one: () => receiveFile(tenant, { from: ada, to: owner }),
    });
    return seconds;
  });
  printTable(
    `MB that memory grew at its peak: ${flags.files} files of ${flags.megabytes} MB, ${flags.concurrency} at a time`,
    ["", ...measured, "files/s"],
    [
      ["sent", ...out.growth, flags.files / out.result],
      ["received", ...incoming.growth, flags.files / incoming.result],
    ],
  );

  progress("serving an image");
  const image = png(300, 200);
  const stored = await tenant.post<Message>("/session/main/send-image", {
    to: ada.number,
    image: image.toString("base64"),
  });
  const url = stored.body.media?.url ?? "";
  const serve = (total: number) => runLoad({ total, concurrency: 4, one: () => fetchFile(url) });
  await serve(100);
  const { result, cpuMs } = await cpuOf(product.pid, () => serve(flags.served));
  const each = perUnit(cpuMs, flags.served);
  printTable(
    `A stored image of ${Math.round(image.length / 1000)} kB, served ${flags.served} times, 4 at a time`,
    ["CPU ms of workerd", "CPU ms of all", "images/s"],
    [
      [
        each.get("workerd") ?? Number.NaN,
        [...each.values()].reduce((sum, value) => sum + value, 0),
        flags.served / result.seconds,
      ],
    ],
  );
});

async function sendVideo(tenant: Tenant, ada: Phone, video: Buffer): Promise<Message> {
  const form = new FormData();
  form.set("to", ada.number);
  form.set("video", new File([new Uint8Array(video)], "film.mp4"));
  const response = await fetch(`${tenant.url}/session/main/send-video`, {
    method: "POST",
    headers: tenant.headers,
    body: form,
  });
  if (!response.ok) throw new Error(`Not sent: ${response.status} ${await response.text()}`);
  return (await response.json()) as Message;
}

/** Resolves when the file is stored. */
async function receiveFile(tenant: Tenant, { from, to }: { from: Phone; to: Phone }) {
  const { body } = await from.post<{ id: string }>("/messages", {
    to: to.number,
    type: "video",
    data: randomBytes(flags.megabytes * megabyte).toString("base64"),
  });
  await until(
    () => tenant.get<{ data: Message[] }>("/session/main/messages?direction=in&limit=100"),
    (answer) =>
      answer.body.data.some(
        ({ wa_message_id: id, media }) => id === body.id && media?.status === "stored",
      ),
    120_000,
  );
}

async function fetchFile(url: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`The image was not served: ${response.status}`);
}

/** How many megabytes each measured process grew beyond its size before, at the most. */
async function peakOf<Result>(
  pid: number,
  work: () => Promise<Result>,
): Promise<{ result: Result; growth: number[] }> {
  const before = memoryByProcess(pid);
  const peaks = new Map(before);
  const sample = () => {
    for (const [name, bytes] of memoryByProcess(pid)) {
      peaks.set(name, Math.max(bytes, peaks.get(name) ?? 0));
    }
  };
  const timer = setInterval(sample, sampleEveryMs);
  try {
    const result = await work();
    sample();
    const growth = measured.map(
      (name) => ((peaks.get(name) ?? Number.NaN) - (before.get(name) ?? 0)) / megabyte,
    );
    return { result, growth };
  } finally {
    clearInterval(timer);
  }
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
