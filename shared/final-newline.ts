const terminalPrograms = /^(?:curl|wget)\//i;

/**
 * Ends a JSON response with a newline if a program asks for it that prints it to a terminal: the
 * prompt then starts on its own line, and several responses can be told apart.
 */
export async function withFinalNewline(
  response: Response,
  userAgent: string | undefined,
): Promise<Response> {
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/.test(
    response.headers.get("content-type") ?? "",
  );
  if (!isJson || response.body === null || !terminalPrograms.test(userAgent ?? "")) return response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(`${await response.text()}\n`, { status: response.status, headers });
}
