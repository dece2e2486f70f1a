import { expect, test } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";

test.skipIf(!hasChromium)("Chromium runs the scripts of a page", async () => {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.setContent("<title></title><script>document.title = 1 + 1</script>");
    expect(await page.title()).toBe("2");
  } finally {
    await browser.close();
  }
});
