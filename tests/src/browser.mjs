// A headless browser for what people do on pages.

import { createRequire } from "node:module";

/** Opens it; `folder` is where puppeteer-core is installed. */
export function launch(folder) {
  return createRequire(`${folder}/`)("puppeteer-core").launch({
    executablePath: process.env.CONNECTO_CHROMIUM ?? "/usr/bin/chromium",
    // Whoever runs tests may be root, for whom Chromium has no sandbox; what is opened here is our own.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}
