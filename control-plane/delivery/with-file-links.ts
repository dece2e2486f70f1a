import type { FileLinks } from "../file/file-links.ts";
import type { OpenedProgress } from "./open-secrets.ts";

/** The events as they are posted: with links to files that work when they arrive. */
export async function withFileLinks(
  progress: OpenedProgress,
  links: FileLinks,
): Promise<OpenedProgress> {
  const [events, retries] = await Promise.all([
    Promise.all(progress.events.map((event) => links.inEvent(event))),
    Promise.all(
      progress.retries.map(async (retry) => ({
        ...retry,
        event: retry.event && (await links.inEvent(retry.event)),
      })),
    ),
  ]);
  return { ...progress, events, retries };
}
