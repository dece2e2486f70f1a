import { expect, test } from "vitest";
import { isLoopbackHost } from "./loopback-host.ts";

test.each([
  "localhost",
  "LOCALHOST:3100",
  "api.localhost:3100",
  "127.0.0.1",
  "127.0.0.1:3100",
  "127.9.9.9:1",
  "[::1]",
  "[::1]:3100",
])("%s is a loopback host", (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

test.each([
  undefined,
  "",
  "evil.example",
  "evil.example:3100",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "localhost@evil.example",
  "notlocalhost",
  "192.168.0.1",
  "[::2]:3100",
  "0.0.0.0",
])("%s is not", (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
