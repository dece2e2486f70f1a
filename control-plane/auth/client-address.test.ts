import { expect, test } from "vitest";
import { clientAddress } from "./client-address.ts";

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:0:1::9", "2001:db8:0:1::/64"],
  ["::1", "0:0:0:0::/64"],
])("requests from %s count for %s", (address, expected) => {
  expect(clientAddress(new Headers({ "cf-connecting-ip": address }))).toBe(expected);
});

test("requests without an address count together", () => {
  expect(clientAddress(new Headers())).toBe("");
});
