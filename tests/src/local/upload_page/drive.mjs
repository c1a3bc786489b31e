// Drives the page for uploads in a headless browser, as a person does: drops files on it, and reads what it says.
// Usage: node drive.mjs <folder of puppeteer-core> <page> <purpose> <screenshot> <file>…; writes a line of JSON for each file.

import { launch } from "../../browser.mjs";

const [folder, page, purpose, screenshot, ...files] = process.argv.slice(2);

const browser = await launch(folder);
try {
  const tab = await browser.newPage();
  const errors = [];
  tab.on("pageerror", (error) => errors.push(`${error}`));
  tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await tab.goto(page);
  await tab.select("#purpose", purpose);
  // Notes each state that a file is in, and how far its progress gets.
  await tab.evaluate(() => {
    window.seen = {};
    new MutationObserver(() => {
      for (const card of document.querySelectorAll("#list > li")) {
        const name = card.querySelector("b").textContent;
        const seen = (window.seen[name] ??= { states: [], progress: 0 });
        if (seen.states.at(-1) !== card.dataset.state) seen.states.push(card.dataset.state);
        seen.progress = Math.max(seen.progress, card.querySelector("progress")?.value ?? 0);
      }
    }).observe(document.getElementById("list"), { subtree: true, childList: true, attributes: true });
  });
  const { x, y } = await (await tab.$("#drop")).clickablePoint();
  const devtools = await tab.createCDPSession();
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, x, y, data });
  }
  await tab.waitForFunction(
    (count) => {
      const cards = [...document.querySelectorAll("#list > li")];
      return cards.length === count && cards.every((card) => ["ready", "rejected", "failed"].includes(card.dataset.state));
    },
    { timeout: 60_000 },
    files.length,
  );
  // The pictures and the videos themselves, as the browser shows them.
  await tab.waitForFunction(() => [...document.querySelectorAll("#list video")].every((video) => video.readyState >= 2), { timeout: 20_000 });
  await tab.waitForFunction(() => [...document.querySelectorAll("#list img")].every((image) => image.naturalWidth > 0), { timeout: 20_000 });
  const cards = await tab.$$eval("#list > li", (items) => items.map((card) => ({
    name: card.querySelector("b").textContent,
    said: card.querySelector(".state").textContent,
    links: [...card.querySelectorAll(".state a")].map((link) => link.href),
    played: [...card.querySelectorAll("video")].map((video) => [video.videoWidth, video.videoHeight, video.duration]),
    shown: [...card.querySelectorAll("img")].map((image) => [image.currentSrc, image.naturalWidth, image.naturalHeight]),
    ...window.seen[card.querySelector("b").textContent],
  })));
  await tab.screenshot({ path: screenshot, fullPage: true });
  for (const card of cards) console.log(JSON.stringify({ ...card, errors }));
} finally {
  await browser.close();
}
