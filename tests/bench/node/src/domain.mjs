// Ids, keys, proofs and input: what both functions share of the rules.
import { createHmac, createPrivateKey, randomBytes, sign, timingSafeEqual } from 'node:crypto';
import { Problem } from './http.mjs';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const DAY_MS = 24 * 3_600_000;
const SESSION_IDLE_MS = 30 * DAY_MS;
const SESSION_LIFETIME_MS = 180 * DAY_MS;

/** The id that belongs to nothing. */
export const nobody = (prefix) => `${prefix}_${'0'.repeat(26)}`;

/** A new TypeID: a prefix and a UUIDv7. */
export function newId(prefix) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let digit = 0; digit < 26; digit += 1) {
    text = ALPHABET[Number(rest & 31n)] + text;
    rest >>= 5n;
  }
  return `${prefix}_${text}`;
}

/** The key of a set that signs now. */
export function current({ keys }) {
  const now = Date.now();
  const key = keys.findLast((candidate) => Date.parse(candidate.signs_from) <= now);
  if (!key) throw new Error('there is no key yet');
  return key;
}

/** HMAC-SHA256 over a version and the parts, each with its length before it. */
export function mac(key, parts) {
  const hmac = createHmac('sha256', Buffer.from(key.secret, 'base64')).update(Buffer.of(1));
  for (const part of parts) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(part));
    hmac.update(length).update(part);
  }
  return hmac.digest('base64url');
}

/** Whether two texts are the same, in a time that does not tell. */
export function isSame(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** An access token: a JWT signed with ES256. */
export function accessToken(set, claims) {
  const key = current(set);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ typ: 'JWT', alg: 'ES256', kid: key.kid })}.${part(claims)}`;
  key.object ??= createPrivateKey({ key: Buffer.from(key.pkcs8, 'base64'), format: 'der', type: 'pkcs8' });
  const signature = sign('sha256', Buffer.from(signed), { key: key.object, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** A refresh token of a session's generation. */
export function refreshToken(set, session) {
  const key = set.keys.find((candidate) => candidate.kid === session.kid);
  const { user_id: user, session_id: id, generation } = session;
  const proof = mac(key, ['refresh', user, id, String(generation)]);
  return `${user}.${id}.${generation}.${key.kid}.${proof}`;
}

/** A new session of a user, as the table holds it. */
export function newSession(userId, epoch, device, refreshKeys) {
  const now = Date.now();
  const sessionId = newId('ses');
  const at = new Date(now).toISOString();
  return {
    pk: `user#${userId}`,
    sk: `session#${sessionId}`,
    session_id: sessionId,
    user_id: userId,
    epoch,
    generation: 0,
    kid: current(refreshKeys).kid,
    device,
    created_at: at,
    refreshed_at: at,
    authenticated_at: at,
    amr: ['pwd'],
    expires_at: Math.floor((now + Math.min(SESSION_IDLE_MS, SESSION_LIFETIME_MS)) / 1000),
  };
}

/** A mail address in its one spelling. */
export function email(text) {
  const trimmed = typeof text === 'string' ? text.trim() : '';
  const parts = /^([!#$%&'*+/=?^_`{|}~a-z0-9-]+(?:\.[!#$%&'*+/=?^_`{|}~a-z0-9-]+)*)@([^@\s]+)$/i.exec(trimmed);
  const domain = parts && URL.canParse(`http://${parts[2]}`) ? new URL(`http://${parts[2]}`).hostname : '';
  const address = parts && `${parts[1]}@${domain}`.toLowerCase();
  if (trimmed.length > 254 || !domain.includes('.')) throw new Problem(422, 'invalid_email', '/email');
  return address;
}

/** A password, typed in whatever way. */
export function password(text) {
  const normal = typeof text === 'string' && text.length <= 1_024 ? text.normalize('NFKC') : '';
  const length = [...normal].length;
  if (length < 8 || length > 128 || normal.includes('\0')) throw new Problem(422, 'invalid_input', '/password');
  return normal;
}
