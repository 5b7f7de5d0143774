// An OpenID Provider (oidc-provider) on a free port. Prints "ready URL", and ends when its standard
// input does. The argument is our callback. Whoever comes is signed in without a form, as
// `login_hint` or as mira@acme.test, and agrees to everything. `/test/state` tells how often somebody
// was signed in, and what is still good here.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [callback] = process.argv.slice(2);
const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'vestibule',
      client_secret: 'a secret: with/odd+characters%',
      redirect_uris: [callback],
      post_logout_redirect_uris: [new URL('/signed-out', callback).href],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // Where the person's claims are: user info alone, as is oidc-provider's (and the standard's) way.
  conformIdTokenClaims: true,
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (context, form) => {
        context.body = `<!DOCTYPE html><title>Sign out?</title><link rel="icon" href="data:,">${form}<button form="op.logoutForm" name="logout" value="yes">Yes</button>`;
      },
    },
  },
  // Without a consent page there is nobody to ask for offline access.
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: 60, IdToken: 3600, RefreshToken: 86400, Session: 86400, Grant: 86400, Interaction: 600 },
  pkce: { required: () => true },
  cookies: { keys: ['a key of the tests alone'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true, name: id.split('@')[0] }),
  }),
});

let logins = 0;
const refreshTokens = new Set();
const sessions = new Set();
provider.on('refresh_token.saved', ({ jti }) => refreshTokens.add(jti));
provider.on('session.saved', ({ uid }) => sessions.add(uid));

async function state() {
  const tokens = await Promise.all([...refreshTokens].map((jti) => provider.RefreshToken.find(jti)));
  const found = await Promise.all([...sessions].map((uid) => provider.Session.findByUid(uid)));
  return {
    logins,
    issued: refreshTokens.size,
    refresh_tokens: tokens.filter((token) => token?.isValid).length,
    sessions: found.filter((session) => session?.accountId).length,
  };
}

async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    logins += 1;
    const login = { accountId: params.login_hint ?? 'mira@acme.test' };
    return provider.interactionFinished(request, response, { login });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const rest = provider.callback();
server.on('request', (request, response) => {
  const failed = (error) => response.writeHead(500).end(String(error));
  if (request.url === '/test/state') return state().then((now) => response.end(JSON.stringify(now)), failed);
  if (!request.url.startsWith('/interaction/')) return rest(request, response);
  interact(request, response).catch(failed);
});

// Nobody listens after the first line.
process.stdout.on('error', () => {});
process.stdin.on('end', () => process.exit(0)).resume();
console.log(`ready ${issuer}`);
