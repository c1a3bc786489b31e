// The twin of functions/auth/login: the same calls in the same order, the same hash, the same tokens.
import { hash, verify } from '@node-rs/argon2';
import { check, commit, get, keySet, put, query, take } from './aws.mjs';
import { email, newSession, nobody, password } from './domain.mjs';
import { http, Problem } from './http.mjs';
import { run } from './runtime.mjs';
import { tokens } from './signin.mjs';

const PER_NETWORK = { name: 'login-network', tries: 200, windowS: 15 * 60 };
const PER_PAIR = { name: 'login-pair', tries: 10, windowS: 15 * 60 };
const PER_ADDRESS = { name: 'login-address', tries: 100, windowS: 15 * 60 };
const OWASP = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };
const COSTS = '$argon2id$v=19$m=19456,t=2,p=1$';
// Costs what a real one costs, and no password has it.
const NOBODY = `${COSTS}${'A'.repeat(22)}$${'A'.repeat(43)}`;

await run(http(['email', 'password', 'refresh_token_in'], login));

async function login({ body, client }) {
  const [address, given] = [email(body.email), password(body.password)];
  await take(PER_NETWORK, client.network);
  await take(PER_PAIR, `${address}#${client.network}`);
  await take(PER_ADDRESS, address);

  const { user, registration } = await claimants(address);
  const stored = user?.password_hash;
  if (!(await verify(stored ?? NOBODY, given)) || !stored) {
    const waits = await verify(registration ?? NOBODY, given);
    throw waits ? new Problem(403, 'email_not_verified') : new Problem(401, 'wrong_credentials');
  }
  if (!stored.startsWith(COSTS)) {
    const raised = { ...user, password_hash: await hash(given, OWASP), version: user.version + 1 };
    await commit([put(raised, 'version = :version', { ':version': user.version })]);
  }
  const keys = await keySet('REFRESH_KEYS_SECRET');
  const session = newSession(user.user_id, user.session_epoch, client.device, keys);
  // Of a user with a second factor the bench has none.
  const asRead = '(attribute_not_exists(factors) OR factors = :none) AND session_epoch = :epoch';
  const same = check(session.pk, 'user', asRead, { ':none': 0, ':epoch': session.epoch });
  if ((await commit([same, put(session)])) >= 0) throw new Problem(409, 'conflict');
  return tokens(user, session, keys, body.refresh_token_in);
}

/** The account of an address, and the password of its newest registration: one query and two reads. */
async function claimants(address) {
  const items = await query(`email#${address}`);
  const owner = items.find((item) => item.sk === 'user' && item.expires_at === undefined);
  const waiting = items.find((item) => item.sk.startsWith('registration#'));
  const now = Date.now() / 1000;
  const user = await get(`user#${owner?.user_id ?? nobody('usr')}`, 'user');
  const challenge = await get(`challenge#${waiting?.expires_at > now ? waiting.challenge_id : nobody('chg')}`, 'challenge');
  return { user, registration: challenge?.payload.password_hash };
}
