// From API Gateway's event to what a handler takes, and from what it returns to API Gateway's answer.
import { isIPv4 } from 'node:net';

const MAX_BODY = 64 * 1024;

/** An expected failure. */
export class Problem extends Error {
  constructor(status, code, field) {
    super(code);
    Object.assign(this, { status, code, field });
  }
}

/** Wraps a handler of `{ body, client }` for the runtime. */
export function http(fields, handler) {
  return async (event) => {
    const requestId = event.requestContext.requestId;
    try {
      const { body, cookies } = await handler({ body: json(event, fields), client: client(event) });
      return answer(200, 'application/json', requestId, body, cookies);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      const { status, code, field } = problem;
      const errors = field ? [{ field, code, detail: code }] : undefined;
      const body = { type: `urn:connecto:problem:${code}`, title: code, status, detail: code, code, request_id: requestId, errors };
      return answer(status, 'application/problem+json', requestId, body);
    }
  };
}

function answer(statusCode, type, requestId, body, cookies) {
  const headers = { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': requestId };
  return { statusCode, headers, cookies, body: JSON.stringify(body), isBase64Encoded: false };
}

function json(event, fields) {
  const type = (event.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  if (type !== 'application/json') throw new Problem(415, 'unsupported_media_type');
  const text = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString() : event.body ?? '';
  if (Buffer.byteLength(text) > MAX_BODY) throw new Problem(413, 'body_too_large');
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Problem(400, 'malformed_json');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Problem(422, 'invalid_input', '');
  for (const field of Object.keys(body)) {
    if (!fields.includes(field)) throw new Problem(422, 'invalid_input', `/${field}`);
  }
  return body;
}

function client(event) {
  const agent = event.headers['user-agent'] ?? '';
  const device = [...agent.replace(/\p{Cc}/gu, '')].slice(0, 200).join('');
  return { network: networkOf(event.requestContext.http.sourceIp), device };
}

/** An IPv4 address itself; of IPv6 the /64 that one customer gets. */
function networkOf(address) {
  if (isIPv4(address)) return address;
  const [head, tail] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = tail === undefined ? [] : Array(8 - head.length - tail.length).fill('0');
  const network = [...head, ...zeros, ...(tail ?? [])].slice(0, 4);
  return `${network.map((part) => Number.parseInt(part, 16).toString(16)).join(':')}::/64`;
}
