// What the product's doors are measured against: bare Koa with koa-jwt and a KeyObject before a constant answer, and
// bare argon2id before another. No session, no permission, no headers, no log. Started by main.ts of this benchmark.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { bodyParser } from '@koa/bodyparser';
import { SignJWT } from 'jose';
import Koa from 'koa';
import jwt from 'koa-jwt';
import { passwordRules } from '#config/auth.ts';
import { config } from '#config/env.ts';
import { runProcess } from '#src/platform/process.ts';
import { fleetAdmin } from '../../test/support/fleet.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const costs = {
  memoryCost: passwordRules.memoryKib,
  timeCost: passwordRules.passes,
  parallelism: passwordRules.lanes,
};
const passwordHash = await hash(fleetAdmin.password, costs);
const account = { id: 'somebody', email: fleetAdmin.email, name: 'Somebody', roles: ['user'] };

async function token(): Promise<string> {
  return await new SignJWT({ sid: 'session' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setSubject(account.id)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
}

const options = { secret: publicKey as unknown as Buffer, algorithms: ['ES256'] };
const app = new Koa();
app.use(async (ctx, next) => {
  if (ctx.path === '/api/auth/register') {
    ctx.status = 201;
    ctx.body = { accessToken: await token() };
  } else {
    await next();
  }
});
app.use(bodyParser({ enableTypes: ['json'] }));
app.use(async (ctx, next) => {
  if (ctx.path !== '/api/auth/login') {
    await next();
    return;
  }
  const { password } = ctx.request.body as { password: string };
  ctx.status = (await verify(passwordHash, password)) ? 200 : 401;
  ctx.body = { accessToken: await token(), user: account };
});
app.use(jwt(options));
app.use((ctx) => {
  ctx.body = account;
});
await runProcess('Bare API', async () => {
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => {
    server.listen(config.port, '127.0.0.1', () => resolve());
  });
  return {
    urls: [],
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await Promise.resolve();
    },
  };
});
