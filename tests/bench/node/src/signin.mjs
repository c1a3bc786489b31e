// What a session and its user are worth in tokens.
import { keySet } from './aws.mjs';
import { accessToken, refreshToken } from './domain.mjs';

const LIFETIME_S = 15 * 60;
const COOKIE = '__Host-refresh_token';
const COOKIE_MAX_AGE_S = 30 * 24 * 3_600;

/** The answer's tokens, and its cookie where one was asked for. */
export async function tokens(user, session, refreshKeys, refreshIn = 'body') {
  const now = Math.floor(Date.now() / 1000);
  const signingKeys = await keySet('SIGNING_KEYS_SECRET');
  const claims = {
    iss: process.env.ISSUER,
    sub: user.user_id,
    sid: session.session_id,
    roles: user.roles,
    auth_time: Math.floor(Date.parse(session.authenticated_at) / 1000),
    amr: session.amr,
    iat: now,
    exp: now + LIFETIME_S,
  };
  const refresh = refreshToken(refreshKeys, session);
  const body = {
    access_token: accessToken(signingKeys, claims),
    token_type: 'Bearer',
    expires_in: LIFETIME_S,
    refresh_token: refreshIn === 'body' ? refresh : undefined,
    user_id: user.user_id,
    session_id: session.session_id,
  };
  const cookie = `${COOKIE}=${refresh}; Path=/; Max-Age=${COOKIE_MAX_AGE_S}; HttpOnly; Secure; SameSite=Lax`;
  return { body, cookies: refreshIn === 'cookie' ? [cookie] : undefined };
}
