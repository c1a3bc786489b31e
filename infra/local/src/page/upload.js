// Uploads as a front end does them: announce the file, send it to S3 (a photo or a paper by a form, a video part by part),
// ask what became of it.

import { api, pause, say } from "/_local/client.js";
import { el } from "/_local/dom.js";

const list = document.getElementById("list");
const token = document.getElementById("token");
const drop = document.getElementById("drop");
const input = document.getElementById("files");
const ASK_AGAIN_MS = 300;
const PART_SIZE = 8 * 1024 * 1024;
/** So many parts are sent at once, and each so often before somebody is asked. */
const AT_ONCE = 3;
const TRIES = 5;

/** Registers somebody, and follows the link in the mail that the outbox holds. */
async function become() {
  const email = `somebody.${crypto.randomUUID()}@example.com`;
  const person = { email, password: `a password of ${crypto.randomUUID()}`, name: "Somebody" };
  const { registration_id } = await api("POST", "/v1/auth/register", person);
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await fetch(`/_local/outbox?to=${encodeURIComponent(email)}`);
    const link = (await answer.json()).items[0]?.text.match(/#token=(\S+)/);
    if (link) {
      const { tokens } = await api("POST", "/v1/auth/verify-email", { token: link[1], registration_id });
      token.value = tokens.access_token;
      return;
    }
    await pause(ASK_AGAIN_MS);
  }
  throw new Error("The mail with the link did not come.");
}

async function checksum(file) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return btoa(String.fromCharCode(...digest));
}

/** Sends something to S3, and tells how many bytes have gone. fetch() cannot tell that. */
function request(method, url, headers, body, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("error", () => reject(new Error("The connection was lost. Please try again.")));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve();
      const why = request.responseXML?.querySelector("Message")?.textContent;
      return reject(new Error(why ?? `The upload was refused (${request.status}).`));
    });
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

/** Posts the form with the file. */
function send({ url, fields }, file, progress) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file);
  return request("POST", url, {}, form, (sent) => progress(Math.min(1, sent / file.size)));
}

/** The checksum of each part, in turn, so that one part is held at a time. */
async function checksums(file, progress) {
  const sums = [];
  for (let at = 0; at < file.size; at += PART_SIZE) {
    sums.push(await checksum(file.slice(at, at + PART_SIZE)));
    progress(Math.min(1, (at + PART_SIZE) / file.size));
  }
  return sums;
}

/** Sends the parts that are missing, a few at once, until all have come; what is cut off goes on where it was. */
async function sendParts(id, file, progress) {
  let best = 0;
  for (let tries = 1; ; tries += 1) {
    const { parts } = await api("GET", `/v1/media/${id}/parts`);
    const gone = parts.map((part) => (part.is_received ? part.size : 0));
    const tell = () => progress(gone.reduce((sum, bytes) => sum + bytes, 0) / file.size);
    const missing = parts.map((part, index) => ({ ...part, index })).filter((part) => part.url);
    // Whoever gets on may go on trying.
    if (parts.length - missing.length > best) {
      best = parts.length - missing.length;
      tries = 1;
    }
    tell();
    const sender = async () => {
      for (let part = missing.shift(); part; part = missing.shift()) {
        const { index, url, headers, offset, size } = part;
        await request("PUT", url, headers, file.slice(offset, offset + size), (sent) => {
          gone[index] = Math.min(sent, size);
          tell();
        });
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, sender));
    const failed = ends.find((end) => end.status === "rejected");
    if (!failed) return;
    if (tries === TRIES) throw failed.reason;
    await pause(ASK_AGAIN_MS * 2 ** tries);
  }
}

async function judged(id) {
  for (;;) {
    const media = await api("GET", `/v1/media/${id}`);
    if (media.state === "ready" || media.state === "rejected") return media;
    await pause(ASK_AGAIN_MS);
  }
}

const kilobytes = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString()} kB`;

/** The picture in the best type that the browser knows, over its main colour while it loads. */
function shown(picture) {
  const of = (type) => picture.variants.filter((variant) => variant.content_type === type);
  const set = (type) => of(type).map((variant) => `${variant.url} ${variant.width}w`).join(", ");
  const image = el("img", { alt: "", width: picture.width, height: picture.height, sizes: "9rem", srcset: set("image/jpeg") });
  image.style.background = picture.colour;
  return el("picture", {}, el("source", { type: "image/webp", sizes: "9rem", srcset: set("image/webp") }), image);
}

const links = (picture) => picture.variants.map((variant) => [
  el("a", { href: variant.url, target: "_blank", rel: "noreferrer" }, `${variant.width}×${variant.height} ${variant.content_type.slice(6)}`),
  ` ${kilobytes(variant.size)} `,
]);

/** Announces a file and sends it; returns what to ask about. */
async function deliver(file, purpose, tell, progress) {
  const said = { purpose, content_type: file.type, size: file.size };
  if (file.type.startsWith("video/")) {
    const announced = { ...said, checksums: await checksums(file, progress) };
    const { media_id: id } = await api("POST", "/v1/media/multipart-upload", announced);
    tell("sending", "Sending …");
    await sendParts(id, file, progress);
    await api("POST", `/v1/media/${id}/complete`);
    return id;
  }
  const form = await api("POST", "/v1/media/upload-url", { ...said, checksum: await checksum(file) });
  tell("sending", "Sending …");
  await send(form, file, progress);
  return form.media_id;
}

/** A card's preview, and what is said of it, once it can be seen. */
function ready({ picture, paper, video }) {
  if (picture) return [shown(picture), links(picture)];
  if (paper) return [null, [el("a", { href: paper.url, target: "_blank", rel: "noreferrer" }, "Open it"), ` ${paper.pages} pages`]];
  const { width, height, duration_ms: duration, size, url, content_type: type } = video;
  const player = el("video", { src: url, controls: true, muted: true, preload: "metadata", width, height });
  return [player, [
    el("a", { href: url, target: "_blank", rel: "noreferrer" }, `${width}×${height} ${type.slice(6)}`),
    ` ${(duration / 1000).toLocaleString()} s, ${kilobytes(size)}`,
  ]];
}

async function upload(file, purpose) {
  const progress = el("progress", { max: 1, value: 0, "aria-label": `Progress of ${file.name}` });
  const state = el("p", { className: "state quiet" }, "Adding it up …");
  const preview = el("div", { className: "preview" });
  const actions = el("div", { className: "actions" });
  const card = el("li", { "data-state": "sending" }, preview,
    el("div", {}, el("b", {}, file.name), el("small", { className: "quiet" }, ` ${kilobytes(file.size)}`), progress, state, actions));
  list.prepend(card);
  const tell = (stage, ...words) => {
    card.dataset.state = stage;
    state.className = `state ${{ rejected: "bad", failed: "bad", ready: "good" }[stage] ?? "quiet"}`;
    state.replaceChildren(...words.flat(Infinity));
  };
  try {
    const id = await deliver(file, purpose, tell, (share) => { progress.value = share; });
    progress.removeAttribute("value");
    tell("processing", "Being looked at …");
    const media = await judged(id);
    progress.remove();
    if (media.state === "rejected") return tell("rejected", media.rejection.detail);
    const [look, words] = ready(media);
    if (look) preview.append(look);
    tell("ready", words);
    const act = (label, action) => actions.append(el("button", { onclick: () => action().catch((error) => say(error.message)) }, label));
    if (purpose === "avatar") {
      act("Make it my picture", async () => {
        await api("PATCH", "/v1/account", { avatar: id });
        say("It is your picture now.");
      });
    }
    act("Delete", async () => {
      await api("DELETE", `/v1/media/${id}`);
      card.remove();
    });
    return undefined;
  } catch (error) {
    progress.remove();
    return tell("failed", error.message);
  }
}

async function take(files) {
  say(null);
  try {
    if (!token.value) await become();
  } catch (error) {
    return say(error.message);
  }
  const purpose = document.getElementById("purpose").value;
  return Promise.all([...files].map((file) => upload(file, purpose)));
}

document.getElementById("become").addEventListener("click", () => become().catch((error) => say(error.message)));
input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = "";
  take(files);
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files);
});
