import { expect, test } from "vitest";
import { addressOf } from "./fetch-encrypted.ts";

test("the address is on the media server, whatever the path", () => {
  expect(addressOf("mmg.whatsapp.net", "/v/t62/file.enc?ccb=11-4&oh=x").href).toBe(
    "https://mmg.whatsapp.net/v/t62/file.enc?ccb=11-4&oh=x",
  );
  expect(addressOf("127.0.0.1:8443", "/v/1.enc").href).toBe("https://127.0.0.1:8443/v/1.enc");
  expect(addressOf("mmg.whatsapp.net", "//169.254.169.254/latest").host).toBe("mmg.whatsapp.net");
});

test.each(["@169.254.169.254/latest", ".evil.example/x", ":80@10.0.0.1/", "x", "", "https://a/"])(
  "the path %s is refused",
  (path) => {
    expect(() => addressOf("mmg.whatsapp.net", path)).toThrow("does not lead to the media server");
  },
);
