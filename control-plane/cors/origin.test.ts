import { expect, test } from "vitest";
import { isOrigin } from "./origin.ts";

test.each([
  "https://app.example.com",
  "http://localhost:5173",
  "https://xn--bcher-kva.example",
  "http://192.0.2.1:8080",
  "http://[2001:db8::1]:8080",
  "capacitor://localhost",
  "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
])("%s is an origin", (text) => {
  expect(isOrigin(text)).toBe(true);
});

test.each([
  "",
  "*",
  "null",
  "https://*.example.com",
  "https://app.example.com/",
  "https://app.example.com/path",
  "https://app.example.com:443",
  "http://app.example.com:80",
  "https://APP.example.com",
  "https://bücher.example",
  "https://a@app.example.com",
  "https://app.example.com:99999",
  "https://app.example.com\n",
  "app.example.com",
  "file://",
  `https://${"a".repeat(300)}.example`,
])("%j is not", (text) => {
  expect(isOrigin(text)).toBe(false);
});
