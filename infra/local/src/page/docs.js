// The API's documentation, drawn from openapi.json; each operation can be tried out.

import { el } from "/_local/dom.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const MAX_DEPTH = 6;
const token = document.getElementById("token");
const api = await (await fetch("/_local/openapi.json")).json();

const resolved = (schema) => {
  const name = schema?.$ref?.split("/").pop();
  return name ? api.components.schemas[name] ?? {} : schema ?? {};
};

/** A value that a schema allows, to start from. */
function example(schema, depth = 0) {
  const one = resolved(schema);
  if (one.examples?.length) return one.examples[0];
  if (one.default !== undefined) return one.default;
  if (one.const !== undefined) return one.const;
  if (one.enum) return one.enum[0];
  const choice = (one.anyOf ?? one.oneOf)?.find((other) => resolved(other).type !== "null");
  if (choice) return example(choice, depth + 1);
  const type = Array.isArray(one.type) ? one.type.find((other) => other !== "null") : one.type;
  if (depth > MAX_DEPTH) return null;
  if (type === "object" || one.properties) {
    const entries = Object.entries(one.properties ?? {}).filter(([name]) => (one.required ?? []).includes(name));
    return Object.fromEntries(entries.map(([name, value]) => [name, example(value, depth + 1)]));
  }
  if (type === "array") return [example(one.items, depth + 1)];
  if (type === "integer" || type === "number") return one.minimum ?? 1;
  if (type === "boolean") return false;
  return one.format === "email" ? "asha@example.com" : "";
}

/** A schema in a few words: `string (email), 3 to 254 characters`. */
function words(schema) {
  const one = resolved(schema);
  const choices = one.anyOf ?? one.oneOf;
  if (choices) return choices.map(words).join(" or ");
  const fixed = one.enum ?? (one.const === undefined ? null : [one.const]);
  if (fixed) return fixed.map((value) => JSON.stringify(value)).join(" or ");
  const type = [one.type ?? "any"].flat().join(" or ");
  const facts = [one.format, one.pattern];
  if (one.minLength !== undefined || one.maxLength !== undefined) facts.push(`${one.minLength ?? 0} to ${one.maxLength ?? "any number of"} characters`);
  if (one.minimum !== undefined || one.maximum !== undefined) facts.push(`${one.minimum ?? "…"} to ${one.maximum ?? "…"}`);
  const known = facts.filter(Boolean).join(", ");
  return type === "array" ? `list of ${words(one.items)}` : known ? `${type} (${known})` : type;
}

function fields(schema, depth = 0) {
  const one = resolved(schema);
  const inner = one.type === "array" ? resolved(one.items) : one;
  if (!inner.properties || depth > MAX_DEPTH) return [];
  return Object.entries(inner.properties).flatMap(([name, value]) => {
    const needed = (inner.required ?? []).includes(name);
    const row = el("tr", {}, el("td", {}, el("code", {}, "\u00a0\u00a0".repeat(depth) + name), needed ? "" : el("small", {}, " optional")),
      el("td", {}, words(value)), el("td", {}, value.description ?? resolved(value).description ?? ""));
    return [row, ...fields(value, depth + 1)];
  });
}

function schemaTable(schema) {
  const rows = fields(schema);
  if (rows.length === 0) return el("p", {}, words(schema));
  return el("div", { className: "scroll" }, el("table", {}, el("tbody", {}, rows)));
}

const json = (body) => Object.entries(body?.content ?? {}).find(([type]) => type === "application/json")?.[1].schema;

function responses(operation) {
  return Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const codes = Object.values(response.content ?? {}).flatMap((media) => Object.entries(media.examples ?? {}));
    const good = status < 400;
    return el("tr", {}, el("td", { className: good ? "good" : "warn" }, status),
      el("td", {}, good ? [response.description, json(response) ? schemaTable(json(response)) : null].filter(Boolean)
        : codes.map(([code, one]) => el("div", {}, el("code", {}, code), " ", el("span", { className: "quiet" }, one.value?.detail ?? "")))));
  });
}

/** Sends the form's request, and shows what came back. */
async function send(form, method, path, operation, output) {
  const values = new FormData(form);
  let url = path;
  const query = new URLSearchParams();
  for (const parameter of operation.parameters ?? []) {
    const value = values.get(parameter.name);
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "query" && value) query.set(parameter.name, value);
  }
  if (query.size) url += `?${query}`;
  const headers = {};
  if (token.value) headers.authorization = `Bearer ${token.value.trim()}`;
  const body = values.get("body");
  if (body !== null) headers["content-type"] = "application/json";
  const began = performance.now();
  try {
    const response = await fetch(url, { method: method.toUpperCase(), headers, body });
    const ms = Math.round(performance.now() - began);
    const text = await response.text();
    let shown = text;
    try {
      const answer = JSON.parse(text);
      shown = JSON.stringify(answer, null, 2);
      if (answer?.access_token) token.value = answer.access_token;
    } catch { /* not JSON: shown as it came */ }
    output.textContent = `${response.status} ${response.statusText} · ${ms} ms · ${response.headers.get("x-request-id") ?? ""}\n\n${shown}`;
  } catch (error) {
    output.textContent = `No answer: ${error.message}`;
  }
  output.hidden = false;
}

function tryOut(method, path, operation) {
  const output = el("pre", { hidden: true });
  const inputs = (operation.parameters ?? []).filter((one) => one.in !== "header").map((parameter) =>
    el("label", {}, el("code", {}, parameter.name), el("input", { name: parameter.name, required: parameter.required, placeholder: words(parameter.schema) })));
  const schema = json(operation.requestBody);
  const body = schema ? el("textarea", { name: "body", spellcheck: false, ariaLabel: "The request's body", value: JSON.stringify(example(schema), null, 2) }) : null;
  const form = el("form", {
    className: "try", onsubmit: (event) => {
      event.preventDefault();
      send(form, method, path, operation, output);
    },
  }, inputs, body, el("div", {}, el("button", { className: "main" }, "Send")), output);
  return form;
}

function operationView(method, path, operation) {
  const view = el("details", { className: "operation", id: operation.operationId },
    el("summary", {}, el("span", { className: "method" }, method.toUpperCase()), el("span", { className: "path" }, path),
      el("span", { className: "quiet" }, operation.summary), operation.security?.length ? el("small", { className: "warn" }, "signed in") : null));
  // Drawn when it is opened: the whole document at once would be long to lay out.
  view.addEventListener("toggle", () => {
    if (!view.open || view.children.length > 1) return;
    const request = json(operation.requestBody);
    view.append(el("div", {},
      operation.description ? el("p", {}, operation.description) : null,
      request ? [el("h3", {}, "Request"), schemaTable(request)] : null,
      el("h3", {}, "Answers"), el("div", { className: "scroll" }, el("table", {}, el("tbody", {}, responses(operation)))),
      el("h3", {}, "Try it"), tryOut(method, path, operation)));
  });
  return view;
}

/** Opens the operation that the address names. */
function open() {
  const target = document.getElementById(location.hash.slice(1));
  if (target) {
    target.open = true;
    target.scrollIntoView();
  }
}

const byTag = new Map(api.tags.map((tag) => [tag.name, []]));
for (const [path, methods] of Object.entries(api.paths)) {
  for (const method of METHODS.filter((one) => methods[one])) {
    byTag.get(methods[method].tags[0]).push([method, path, methods[method]]);
  }
}
const contents = [];
const sections = api.info.description.split("\n\n").map((text) => el("p", { className: "lead" }, text));
for (const [tag, operations] of byTag) {
  contents.push(el("h3", {}, tag), ...operations.map(([method, path, operation]) =>
    el("a", { href: `#${operation.operationId}`, title: `${method.toUpperCase()} ${path}` }, operation.operationId.replace(`${tag}_`, "").replaceAll("_", " "))));
  sections.push(el("h3", {}, tag), ...operations.map((one) => operationView(...one)));
}
document.getElementById("contents").replaceChildren(...contents);
document.getElementById("operations").replaceChildren(...sections);
addEventListener("hashchange", open);
open();
