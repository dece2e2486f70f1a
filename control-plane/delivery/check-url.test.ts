import { expect, test } from "vitest";
import { urlProblem } from "./check-url.ts";

test.each([
  "https://example.com/hooks",
  "http://93.184.216.34:8080/",
  "https://[2606:4700::6810:84e5]/",
  "https://example.com:80/",
  "http://example.com:443/",
  "https://example.com:1024/",
  "https://example.com:65535/",
  "https://local.example.com/",
  "https://flycast.example/",
])("%s may be called", (url) => {
  expect(urlProblem(url, false)).toBeUndefined();
});

test.each([
  "http://localhost/",
  "http://hooks.localhost./",
  "http://printer/",
  "http://db.internal/",
  "http://app.flycast/",
  "http://App.Flycast./",
  "http://api.default.svc/",
  "http://api.default.svc.cluster.local/",
  "http://printer.local/",
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f.0.0.1/",
  "http://0/",
  "http://10.1.2.3/",
  "http://172.31.0.1/",
  "http://192.168.1.1/",
  "http://169.254.169.254/latest/meta-data",
  "http://100.64.0.1/",
  "http://[::1]/",
  "http://[::]/",
  "http://[fe80::1]/",
  "http://[fd00::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[2002:7f00:1::]/",
])("%s is private, and allowed only where private addresses are", (url) => {
  expect(urlProblem(url, false)).toContain("private");
  expect(urlProblem(url, true)).toBeUndefined();
});

test.each([0, 1, 22, 25, 465, 993, 1023])(
  "port %i is refused where private addresses are",
  (port) => {
    const url = `http://example.com:${port}/`;
    expect(urlProblem(url, false)).toContain("port");
    expect(urlProblem(url, true)).toBeUndefined();
  },
);

test.each(["ftp://example.com/", "file:///etc/passwd", "nonsense", "https://user:pw@example.com/"])(
  "%s is never called",
  (url) => {
    expect(urlProblem(url, true)).toBeDefined();
  },
);
