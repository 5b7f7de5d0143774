// An OpenID Provider (oidc-provider) on a free port. Prints "ready URL", and ends when its standard
// input does. The argument is our callback. Whoever comes is signed in without a form, as
// `login_hint` or as mira@acme.test, and agrees to everything.
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
    rpInitiatedLogout: { enabled: true },
  },
  // Without a consent page there is nobody to ask for offline access.
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  cookies: { keys: ['a key of the tests alone'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true, name: id.split('@')[0] }),
  }),
});

async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
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
  if (!request.url.startsWith('/interaction/')) return rest(request, response);
  interact(request, response).catch((error) => response.writeHead(500).end(String(error)));
});

// Nobody listens after the first line.
process.stdout.on('error', () => {});
process.stdin.on('end', () => process.exit(0)).resume();
console.log(`ready ${issuer}`);
