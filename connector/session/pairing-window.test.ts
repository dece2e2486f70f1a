import { expect, test } from "vitest";
import { PairingWindow } from "./pairing-window.ts";

function at(start: number) {
  let now = start;
  const window = new PairingWindow(600_000, () => now);
  return { window, wait: (ms: number) => (now += ms) };
}

test("codes are made for a while after a request", () => {
  const { window, wait } = at(0);
  expect(window.isOpen).toBe(false);
  window.open();
  wait(599_999);
  expect(window.isOpen).toBe(true);
  wait(1);
  expect(window.isOpen).toBe(false);
});

test("the first QR of a connection lives a minute, the next ones 20 seconds", () => {
  const { window, wait } = at(0);
  window.connectionOpens();
  expect(window.shown("ref1,secret")).toBe(new Date(60_000).toISOString());
  wait(60_000);
  expect(window.shown("ref2,secret")).toBe(new Date(80_000).toISOString());
  window.connectionOpens();
  expect(window.shown("ref3,secret")).toBe(new Date(120_000).toISOString());
});

test("a QR with the same ref and another secret expires with the one before", () => {
  const { window, wait } = at(0);
  window.connectionOpens();
  window.shown("ref1,secret");
  wait(30_000);
  expect(window.shown("ref1,another")).toBe(new Date(60_000).toISOString());
});

test("a pairing code is made on a connection that lives long enough to type it", async () => {
  const { window, wait } = at(0);
  window.connectionOpens();
  window.shown("ref1,secret");
  await expect(window.firstQr()).resolves.toBe(true);
  expect(window.connectionEndsAt()).toBe(new Date(160_000).toISOString());
  wait(40_000);
  expect(window.hasTimeForCode()).toBe(true);
  wait(1);
  expect(window.hasTimeForCode()).toBe(false);
});
