// Pays for a booking on the page of this machine, as a person does: first in vain, then well.
// Usage: node page.mjs <folder of puppeteer-core> <page>; writes what the page showed.

import { launch, payBy } from "../browser.mjs";

const [folder, page] = process.argv.slice(2);

const browser = await launch(folder);
try {
  const tab = await browser.newPage();
  const errors = [];
  tab.on("pageerror", (error) => errors.push(String(error)));
  await tab.goto(page);
  const pay = await tab.waitForSelector("#pay");
  const button = await pay.evaluate((element) => element.textContent);
  await pay.click();
  await payBy(tab, "failure@razorpay");
  await tab.waitForFunction(() => !document.getElementById("notice").hidden, { timeout: 20_000 });
  const refused = await tab.$eval("#notice", (element) => element.textContent);
  await tab.goto("about:blank");
  await tab.goto(page);
  await (await tab.waitForSelector("#pay")).click();
  await payBy(tab, "success@razorpay");
  await tab.waitForFunction(() => document.getElementById("bill").textContent.includes("confirmed"), { timeout: 20_000 });
  const bill = await tab.$eval("#bill", (element) => element.textContent);
  console.log(JSON.stringify({ button, refused, bill, address: tab.url(), errors }));
} finally {
  await browser.close();
}
