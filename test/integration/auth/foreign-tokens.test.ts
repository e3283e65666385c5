// Tokens and jwcrypto (PyPI), an implementation of JOSE that shares no code with ours: it signs what we must take and
// refuse, and checks what we sign. Without Python or PyPI it is skipped.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { decodeJwt } from 'jose';
import { signingKey } from '#src/platform/auth/signing-keys.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { askPython, pythonWith } from '../../support/foreign-python.ts';
import { startServer, type TestServer } from '../../support/http.ts';

const program = `
import json, sys
from jwcrypto import jwk, jws, jwt
given = json.load(sys.stdin)
ours = jwk.JWK.from_pem(given['privatePem'].encode())
public = jwk.JWK.from_pem(given['publicPem'].encode())
stranger = jwk.JWK.generate(kty='EC', crv='P-256')
rsa = jwk.JWK.generate(kty='RSA', size=2048)
secret = jwk.JWK(kty='oct', k=public.export_to_pem().hex())
kid, claims = given['kid'], given['claims']
def make(key, **header):
    head = {'alg': 'ES256', 'typ': 'at+jwt', 'kid': kid, **header}
    token = jws.JWS(json.dumps(claims).encode())
    token.allowed_algs = [head['alg']]
    token.add_signature(key, None, json.dumps(head), None)
    return token.serialize(compact=True)
tokens = {
    'good': make(ours),
    'stranger': make(stranger),
    'embedded jwk': make(stranger, jwk=json.loads(stranger.export_public())),
    'RS256': make(rsa, alg='RS256'),
    'HS256 with the public key': make(secret, alg='HS256'),
    'typ JWT': make(ours, typ='JWT'),
    'unencoded payload': make(ours, b64=True, crit=['b64']),
}
checked = jwt.JWT(jwt=given['token'], key=jwk.JWKSet.from_json(json.dumps(given['keySet'])), algs=['ES256'],
                  check_claims={'iss': 'urn:smartstart-brain', 'aud': 'urn:smartstart-brain:api', 'exp': None})
print(json.dumps({'tokens': tokens, 'sub': json.loads(checked.claims)['sub']}))
`;

describe('tokens and jwcrypto', function () {
  this.timeout(150_000);
  let server: TestServer;
  let somebody: LoggedIn;
  let answer: { readonly tokens: Record<string, string>; readonly sub: string };

  before(async function () {
    const found = await pythonWith('jwcrypto', '1.6.1');
    if ('missing' in found) {
      process.stderr.write(`Skipped: ${found.missing}\n`);
      this.skip();
    }
    server = await startServer([userService, authService]);
    somebody = await registerSomebody(server);
    const { kid, privateKey } = await signingKey();
    answer = (await askPython(found.python, program, {
      privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      publicPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }),
      kid,
      claims: { ...decodeJwt(somebody.accessToken), jti: 'from-jwcrypto' },
      token: somebody.accessToken,
      keySet: (await server.call('GET', '/.well-known/jwks.json')).body,
    })) as typeof answer;
  });
  after(async () => await server?.close());

  it('takes ours by our published keys', () => {
    assert.equal(answer.sub, somebody.user.id);
  });

  it('makes tokens that are taken with our key alone', async () => {
    for (const [name, token] of Object.entries(answer.tokens)) {
      const { status } = await server.call('GET', '/api/auth/me', { token });
      assert.equal(status, name === 'good' ? 200 : 401, name);
    }
  });
});
