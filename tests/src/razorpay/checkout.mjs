// Pays in a headless browser, as a person does: opens a shop's page, and pays in the frame that its script opens.
// Usage: node checkout.mjs <folder of puppeteer-core> <page> <VPA>; writes what the shop was told.

import { launch, payBy } from "../browser.mjs";

const [folder, page, vpa] = process.argv.slice(2);

const browser = await launch(folder);
try {
  const tab = await browser.newPage();
  await tab.goto(page);
  await payBy(tab, vpa);
  await tab.waitForFunction(() => window.told !== undefined, { timeout: 20_000 });
  console.log(JSON.stringify(await tab.evaluate(() => window.told)));
} finally {
  await browser.close();
}
