// A headless browser for what people do on pages.

import { createRequire } from "node:module";

/** Pays by UPI in the frame that Razorpay's Checkout opens on a page. */
export async function payBy(tab, vpa) {
  const frame = await (await tab.waitForSelector("iframe")).contentFrame();
  const field = await frame.waitForSelector("input[name=vpa]");
  await field.evaluate((input, text) => { input.value = text; }, vpa);
  await frame.click("form:has([name=vpa]) button");
}

/** Opens it; `folder` is where puppeteer-core is installed. */
export function launch(folder) {
  return createRequire(`${folder}/`)("puppeteer-core").launch({
    executablePath: process.env.CONNECTO_CHROMIUM ?? "/usr/bin/chromium",
    // Whoever runs tests may be root, for whom Chromium has no sandbox; what is opened here is our own.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}
