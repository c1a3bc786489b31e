// Everything shown comes from JSON and goes in as text, so no mail and no fault can put markup into this page.

import { el } from "/_local/dom.js";

const main = document.getElementById("main");
const notice = document.getElementById("notice");
const REFRESH_MS = 2000;
const ITEMS_SHOWN = 200;

async function call(path, options) {
  const response = await fetch(`/_local/${path}`, { headers: { accept: "application/json" }, ...options });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ?? `${response.status}`);
  return body;
}

function say(error) {
  notice.textContent = error ? error.message : "";
  notice.hidden = !error;
}

/** Runs an action of a button, then draws the section anew. */
async function act(action) {
  try {
    await action();
    say(null);
  } catch (error) {
    say(error);
  }
  await draw(true);
}

const time = (text) => text ? new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" }) : "–";
const empty = (text) => el("p", { className: "empty" }, text);
const head = (title, lead, ...actions) =>
  [el("div", { className: "bar" }, el("h2", {}, title), el("div", {}, ...actions)), el("p", { className: "lead" }, lead)];
const table = (columns, rows) => el("div", { className: "scroll" }, el("table", {},
  el("thead", {}, el("tr", {}, columns.map((column) => el("th", {}, column)))),
  el("tbody", {}, rows)));
const row = (...cells) => el("tr", {}, cells.map((cell) => cell instanceof HTMLTableCellElement ? cell : el("td", {}, cell)));
const number = (value) => el("td", { className: "number" }, `${value}`);

let selected = null;

function outbox({ items }) {
  const title = head("Outbox", "Every mail and text message that was sent. Nothing leaves this machine.",
    el("button", { onclick: () => act(() => call("outbox", { method: "DELETE" })) }, "Empty"));
  if (items.length === 0) return [...title, empty("Nothing was sent yet. Register somebody, and the mail appears here.")];
  const shown = items.find((item) => item.id === selected) ?? items[0];
  const list = items.map((item) => el("li", {}, el("button", {
    "aria-current": item === shown ? "true" : undefined,
    onclick: () => { selected = item.id; draw(true); },
  }, el("b", {}, item.subject ?? item.text ?? "(no subject)"), el("small", { className: "quiet" }, `${item.to} · ${time(item.sent_at)}`))));
  return [...title, el("div", { className: "outbox" }, el("ul", { className: "messages" }, list), message(shown))];
}

function message(item) {
  const facts = { Subject: item.subject, To: item.to, From: item.from, Sent: time(item.sent_at), Channel: item.channel };
  const attributes = [...(item.headers ?? []).map((header) => `${header.name}: ${header.value}`),
    ...Object.entries(item.attributes ?? {}).map(([name, value]) => `${name}: ${value}`)];
  return el("article", { className: "message" },
    el("dl", {}, Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    // No scripts, no origin; links open in a tab of their own.
    item.html ? el("iframe", {
      title: "The mail", sandbox: "allow-popups allow-popups-to-escape-sandbox",
      srcdoc: `<base target="_blank">${item.html}`,
    }) : null,
    el("details", { open: !item.html }, el("summary", {}, "Plain text"), el("div", {}, el("pre", {}, linked(item.text ?? "")))),
    attributes.length ? el("details", {}, el("summary", {}, "Headers and attributes"), el("div", {}, el("pre", {}, attributes.join("\n")))) : null);
}

/** A text whose web addresses can be clicked. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) =>
    index % 2 ? el("a", { href: part, target: "_blank", rel: "noreferrer" }, part) : part);
}

const outcome = (call) => el("span", { className: call.outcome === "ok" && !(call.status >= 500) ? "good" : "bad" },
  call.status ? `${call.status}` : call.outcome);

function functions({ items }) {
  const sections = items.map((item) => {
    const last = item.calls[0];
    return el("details", { "data-key": item.function },
      el("summary", {}, el("b", {}, item.function), " ", el("span", { className: "quiet" }, item.triggers.join(", ")),
        last ? el("small", { className: "last" }, outcome(last), el("span", { className: "quiet" }, ` ${time(last.at)}`)) : null),
      el("div", {},
        el("p", { className: "lead" }, `${item.description} · ${item.memory_mb} MB · ${item.timeout_seconds} s`),
        item.runnable ? runForm(item.function) : null,
        item.calls.length ? table(["At", "Outcome", "Time", "Request"], item.calls.map((one) =>
          row(time(one.at), outcome(one), number(`${one.ms} ms`), el("td", { className: "id" }, one.request_id))))
          : empty("Not called since the start.")));
  });
  return [...head("Functions", "All functions of template.yaml with their last calls, newest first."), ...sections];
}

/** By function: the event being written and the last answer, which outlive a drawing. */
const runs = new Map();
const ANSWER_SHOWN = 4000;

function runForm(name) {
  const state = runs.get(name) ?? { event: "", answer: null };
  runs.set(name, state);
  return el("form", {
    className: "try", onsubmit: (event) => {
      event.preventDefault();
      act(async () => {
        state.answer = null;
        const answer = await call(`run/${name}`, { method: "POST", body: state.event });
        state.answer = JSON.stringify(answer, null, 2).slice(0, ANSWER_SHOWN);
      });
    },
  }, el("textarea", {
    ariaLabel: `The event for ${name}`, placeholder: "The event as JSON. Empty: what its schedule would send, or {}.",
    value: state.event, oninput: (event) => { state.event = event.target.value; },
  }), el("div", {}, el("button", { className: "main" }, "Run now")), state.answer === null ? null : el("pre", {}, state.answer));
}

function schedules({ items }) {
  const rows = items.map((item) => row(
    [el("b", {}, item.function), el("br"), el("small", {}, item.name)],
    [el("code", {}, item.expression), el("br"), el("small", {}, item.timezone)],
    time(item.last_run), item.enabled ? time(item.next_run) : "off",
    el("button", { onclick: () => act(() => call(`run/${item.function}?schedule=${encodeURIComponent(item.name)}`, { method: "POST" })) }, "Run now")));
  return [...head("Schedules", "They fire by the system's clock, which you can move at the top."),
    rows.length ? table(["Function", "When", "Last", "Next", ""], rows) : empty("The template has no schedules.")];
}

function faults({ faults, dead_letters }) {
  const rows = faults.map((one) => row(time(one.at), [el("b", {}, one.function), el("br"), el("small", { className: "id" }, one.request_id)],
    el("span", { className: "bad" }, one.kind), el("pre", {}, one.detail)));
  const letters = dead_letters.map((one) => el("details", {}, el("summary", {}, `${time(one.at)} · ${one.queue}`),
    el("div", {}, el("pre", {}, JSON.stringify(one.body, null, 2)))));
  return [...head("Faults", "What functions died of, newest first, and the stream records that were given up."),
    rows.length ? table(["At", "Function", "Kind", "What"], rows) : empty("No faults. Good."),
    el("h3", {}, "Dead letters"), ...(letters.length ? letters : [empty("None.")])];
}

function chaos({ rules }) {
  const field = (name, element) => el("label", {}, el("span", { className: "quiet" }, `${name} `), Object.assign(element, { name }));
  const select = (...values) => el("select", {}, values.map((value) => el("option", {}, value)));
  const form = el("form", {
    className: "bar", onsubmit: (event) => {
      event.preventDefault();
      const { service, action, every, do: what, ms } = Object.fromEntries(new FormData(event.target));
      const rule = { service, action: action || undefined, every: Number(every), do: what, ms: what === "delay" ? Number(ms) : undefined };
      const kept = rules.map(({ matched, struck, ...old }) => old);
      act(() => call("chaos", { method: "PUT", body: JSON.stringify({ rules: [...kept, rule] }) }));
    },
  }, field("service", select("dynamodb", "ses", "sns", "secretsmanager", "elasticache", "s3", "cloudfront", "razorpay", "razorpay_webhooks")), field("action", el("input", { placeholder: "all" })),
  field("every", el("input", { type: "number", min: 1, value: 3 })), field("do", select("throttle", "conflict", "fail", "refuse", "fail_after", "drop_reply", "crash", "delay", "duplicate", "lose")),
  field("ms", el("input", { type: "number", min: 0, value: 500 })), el("button", { className: "main" }, "Add"));
  const rows = rules.map((rule) => row(rule.service, rule.action ?? "all", rule.function ?? "all", number(rule.every),
    rule.ms ? `${rule.do} ${rule.ms} ms` : rule.do, number(rule.matched), number(rule.struck)));
  return [...head("Chaos", "Every n-th matching call of a service misbehaves, over the wire.",
    el("button", { onclick: () => act(() => call("chaos", { method: "DELETE" })) }, "Behave again")), form, el("p"),
  rows.length ? table(["Service", "Action", "Function", "Every", "Does", "Matched", "Struck"], rows) : empty("Everything behaves.")];
}

function calls({ items }, { unused }) {
  const rows = items.reverse().map((one) => row(time(one.at), one.function, `${one.service}:${one.action}`,
    [el("small", {}, one.resources.map((arn) => arn.split(":").slice(5).join(":")).join(", "))],
    el("span", { className: one.outcome === "allowed" ? "good" : "bad" }, one.outcome), number(one.status ?? "–"), number(one.units ?? "–")));
  const grants = unused.map((one) => row(one.function, [one.actions.join(", ") || "–"],
    [el("small", {}, one.resources.join(", ") || "–")]));
  return [...head("Calls", "What functions asked of AWS services, newest first, each checked against the function's own policy.",
    el("button", { onclick: () => act(() => call("calls", { method: "DELETE" })) }, "Forget")),
  rows.length ? table(["At", "Function", "Call", "Resources", "Outcome", "Status", "Units"], rows) : empty("No calls yet."),
  el("h3", {}, "Granted and not used since the start"),
  grants.length ? table(["Function", "Actions", "Resources"], grants) : empty("Every grant was used.")];
}

function razorpay({ url, key_id, key_secret, webhooks, waiting, payments }) {
  const rupees = (paise) => `₹${(paise / 100).toFixed(2)}`;
  const facts = { "API": url, "Key": key_id, "Secret": key_secret, "Still to be told": `${waiting}` };
  const hooks = webhooks.map((hook) => row(hook.url, hook.active ? "on" : "off", Object.keys(hook.events).join(", ")));
  const rows = payments.map((one) => row(time(one.created_at * 1000), el("td", { className: "id" }, one.id), one.order_id,
    number(rupees(one.amount)), [one.method, one.vpa ? ` ${one.vpa}` : ""], one.status, number(rupees(one.amount_refunded))));
  return [...head("Razorpay", "A sandbox that speaks Razorpay's wire format. No money moves."),
    el("dl", {}, Object.entries(facts).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, el("code", {}, value))])),
    el("h3", {}, "Webhooks"), hooks.length ? table(["Where", "", "Events"], hooks) : empty("Nobody is told."),
    el("h3", {}, "Payments"),
    rows.length ? table(["At", "Payment", "Order", "Amount", "By", "Status", "Refunded"], rows) : empty("Nobody has paid yet.")];
}

const SECTIONS = {
  outbox: [outbox, `outbox?limit=${ITEMS_SHOWN}`], functions: [functions, "functions"], schedules: [schedules, "schedules"],
  faults: [faults, "faults"], chaos: [chaos, "chaos"], calls: [calls, `calls?limit=${ITEMS_SHOWN}`, "permissions"],
  razorpay: [razorpay, "razorpay"],
};

let shown = "";
let silent = false;

/** Draws the section in the address; only when its data changed, so that nothing flickers or loses its place. */
async function draw(force = false) {
  const name = location.hash.slice(1) in SECTIONS ? location.hash.slice(1) : "outbox";
  const [view, ...paths] = SECTIONS[name];
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    const [now, ...data] = await Promise.all([call("clock"), ...paths.map((path) => call(path))]);
    if (silent) say(null);
    silent = false;
    document.getElementById("now").textContent = time(now.now);
    const state = name + JSON.stringify(data);
    const typing = main.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (!force && (state === shown || typing)) return;
    const open = new Set([...main.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key));
    const messages = main.querySelector(".messages");
    const [place, reading] = [messages?.scrollTop ?? 0, messages?.contains(document.activeElement)];
    main.replaceChildren(...view(...data));
    main.querySelector(".messages")?.scrollTo(0, place);
    if (reading) main.querySelector(".messages [aria-current]")?.focus({ preventScroll: true });
    for (const one of main.querySelectorAll("details[data-key]")) one.open = open.has(one.dataset.key);
    shown = state;
  } catch (error) {
    silent = true;
    say(new Error(`The system does not answer: ${error.message}`));
    shown = "";
  }
}

document.getElementById("clock").addEventListener("submit", (event) => {
  event.preventDefault();
  act(() => call("clock", { method: "POST", body: JSON.stringify({ advance: event.submitter.value }) }));
});
addEventListener("hashchange", () => { say(null); draw(); });
setInterval(() => document.hidden || draw(), REFRESH_MS);
draw();
