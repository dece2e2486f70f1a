/**
 * Whether a Host header names this machine. A web page can make its own name resolve to 127.0.0.1
 * (DNS rebinding); its requests then carry that name, by which they are told apart.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = /^(\[[\da-f:]+\]|[^:@[\]]+)(?::\d+)?$/i.exec(host ?? "")?.[1]?.toLowerCase() ?? "";
  return /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(name);
}
