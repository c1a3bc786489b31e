// The twin of functions/auth/verify-email: the same calls in the same order, the same proof, the same tokens.
import { commit, get, keySet, put, remove, take } from './aws.mjs';
import { isSame, mac, newId, newSession } from './domain.mjs';
import { http, Problem } from './http.mjs';
import { run } from './runtime.mjs';
import { tokens } from './signin.mjs';

const PER_NETWORK = { name: 'link-network', tries: 100, windowS: 15 * 60 };
const FREE = 'attribute_not_exists(pk) OR expires_at <= :now OR (user_id = :me AND attribute_exists(expires_at))';

await run(http(['token', 'registration_id', 'refresh_token_in'], verifyEmail));

async function verifyEmail({ body, client }) {
  if (typeof body.token !== 'string' || !/^[!-~]{1,512}$/.test(body.token)) throw new Problem(422, 'invalid_input', '/token');
  await take(PER_NETWORK, client.network);
  const challenge = await provedBy(body.token);
  if (challenge?.payload.purpose !== 'registration') throw new Problem(410, 'link_invalid');
  const keys = await keySet('REFRESH_KEYS_SECRET');
  const userId = newId('usr');
  const sameBrowser = body.registration_id === challenge.payload.registration_id;
  const session = sameBrowser ? newSession(userId, 0, client.device, keys) : undefined;

  const user = newUser(challenge, userId);
  const refused = await commit(writes(challenge, user, session));
  if (refused === 1) throw new Problem(409, 'already_registered');
  if (refused >= 0) throw new Problem(410, 'link_invalid');
  if (!session) return { body: { user_id: userId, next: 'sign_in' } };
  const signedIn = await tokens(user, session, keys, body.refresh_token_in);
  return { body: { user_id: userId, next: 'welcome', tokens: signedIn.body }, cookies: signedIn.cookies };
}

/** The challenge that a mailed token proves. */
async function provedBy(token) {
  const [id, kid, proof, ...rest] = token.split('.');
  if (!/^chg_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(id) || !proof || rest.length > 0) return undefined;
  const challenge = await get(`challenge#${id}`, 'challenge');
  if (!challenge || challenge.expires_at <= Date.now() / 1000) return undefined;
  const { keys } = await keySet('LINK_KEYS_SECRET');
  const key = keys.find((candidate) => candidate.kid === kid);
  const parts = ['link', challenge.payload.purpose, id, challenge.recipient, challenge.nonce];
  return key && isSame(mac(key, parts), proof) ? challenge : undefined;
}

function newUser({ recipient, payload }, userId) {
  return {
    pk: `user#${userId}`,
    sk: 'user',
    user_id: userId,
    email: recipient,
    name: payload.name,
    locale: payload.locale,
    time_zone: 'Asia/Kolkata',
    roles: ['customer'],
    password_hash: payload.password_hash,
    session_epoch: 0,
    revertible: [],
    version: 0,
    created_at: new Date().toISOString(),
  };
}

function writes(challenge, user, session) {
  const now = Math.floor(Date.now() / 1000);
  const owner = { pk: `email#${user.email}`, sk: 'user', user_id: user.user_id };
  const waits = { ':nonce': challenge.nonce, ':now': now };
  const all = [
    remove(challenge.pk, challenge.sk, 'nonce = :nonce AND expires_at > :now', waits),
    put(owner, FREE, { ':now': now, ':me': user.user_id }),
    put(user, 'attribute_not_exists(pk)'),
  ];
  return session ? [...all, put(session)] : all;
}
