// A provider of OpenID Connect: npm's oidc-provider, with one client, and people whom the tests make.
//
//   node provider.mjs <folder of oidc-provider> <port> <settings as JSON>
//
// PUT /people/<subject> makes a person with the claims in the body. Who signs in is asked of nobody: the authorization
// request's login_hint says it, as if they had typed it in.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, port, json] = process.argv.slice(2);
const settings = JSON.parse(json);
const require = createRequire(join(folder, 'package.json'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const people = new Map();
const client = (id) => ({
  client_id: id,
  redirect_uris: [settings.redirect],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  ...(settings.client_secret
    ? { client_secret: settings.client_secret, token_endpoint_auth_method: 'client_secret_basic' }
    : { token_endpoint_auth_method: 'none' }),
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client('connecto'), client('another')],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // By the letter of the standard, an ID token has few claims; the others are for the userinfo endpoint to tell.
  conformIdTokenClaims: settings.by_the_letter,
  cookies: { keys: ['of no importance'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { IdToken: settings.id_token_lives_s },
  findAccount: (_, subject) =>
    people.has(subject) ? { accountId: subject, claims: () => ({ sub: subject, ...people.get(subject) }) } : undefined,
  // Everybody agrees to everything.
  loadExistingGrant: async (ctx) => {
    const { session, client } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const body = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
};

const callback = provider.callback();
createServer(async (request, response) => {
  const [, area, id] = request.url.split('/');
  if (request.method === 'PUT' && area === 'people') {
    people.set(decodeURIComponent(id), await body(request));
    response.writeHead(204).end();
  } else if (area === 'interaction') {
    const { params } = await provider.interactionDetails(request, response);
    await provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
  } else {
    await callback(request, response);
  }
}).listen(Number(port), '127.0.0.1');
