/** Posts an event once, and gives up on it if that fails. */
export async function postWebhook(
  url: string,
  event: { type: string; data: Record<string, unknown> },
): Promise<void> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(event),
    });
    await response.arrayBuffer();
  } catch (error) {
    process.stderr.write(`webhook: ${String(error)}\n`);
  }
}
