// The reference as it is served: documents, problem pages and the page to try things out, in a real browser.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Browser } from 'playwright-core';
import { eventCatalogue, eventFamilies } from '#src/platform/events/event.ts';
import { problemCatalogue } from '#src/platform/errors.ts';
import { authService } from '#src/services/auth/index.ts';
import { emittedByData } from '#src/services/state-machine/state-machine.events.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody } from '../../support/accounts.ts';
import { startBrowser, visit } from '../../support/browser.ts';
import { problemOf, send, startServer, type TestServer } from '../../support/http.ts';

describe('the reference', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer([userService, authService], { sockets: true });
  });
  after(async () => {
    await server.close();
  });

  it('is open to everybody, and 304 to whoever has it', async () => {
    for (const path of ['/api/openapi.json', '/api/asyncapi.json', '/api/docs', '/api/docs/swagger-ui.css']) {
      const first = await server.call('GET', path);
      assert.equal(first.status, 200);
      const etag = first.headers.get('etag') ?? '';
      assert.match(etag, /^"[^"]+"$/u);
      const again = await server.call('GET', path, { headers: { 'if-none-match': `"other", ${etag}` } });
      assert.deepEqual([again.status, again.text], [304, '']);
      const other = await server.call('GET', path, { headers: { 'if-none-match': '"other"' } });
      assert.equal(other.status, 200);
    }
    const { headers } = await server.call('GET', '/api/openapi.json');
    assert.equal(headers.get('cache-control'), 'no-cache');
  });

  it('says of every problem code what it means, where its type points', async () => {
    for (const [code, { status, title }] of problemCatalogue) {
      const { body } = await server.call('GET', `/problems/${code}`);
      const { advice, ...told } = body as Record<string, unknown>;
      assert.deepEqual(told, { code, status, title, type: `/problems/${code}` });
      assert.ok(String(advice).length > 10);
    }
    const unknown = problemOf(await server.call('GET', '/problems/no.such-code'));
    assert.deepEqual([unknown.status, unknown.code], [404, 'request.not-found']);
    assert.equal((await server.call('GET', unknown.type)).status, 200);
  });

  it('serves its own files and no others', async () => {
    for (const path of [
      '/api/docs/swagger-initializer.js',
      '/api/docs/package.json',
      '/api/docs/..%2Fpackage.json',
      '/api/docs/%2e%2e%2fswagger-ui-dist%2fpackage.json',
      '/api/docs/swagger-ui.css%00.js',
    ]) {
      assert.equal((await send(server.url, 'GET', path)).status, 404, path);
    }
  });

  it('lists every event and problem for people, with no script, and with all text escaped', async () => {
    const { text, headers } = await server.call('GET', '/api/docs/events');
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    for (const name of [...eventCatalogue.keys(), ...problemCatalogue.keys(), 'slow_consumer', 'session.ended']) {
      assert.ok(text.includes(`>${name}<`), name);
    }
    const sectionsUnder = (heading: string): string[] => {
      const part = text.split('<h2>').find((each) => each.startsWith(`${heading}</h2>`)) ?? '';
      return [...part.matchAll(/<section id="([^"]+)"/gu)].map(([, id]) => id ?? '');
    };
    const happens = [
      ...[...eventCatalogue.keys()].map((type) => `event.${type}`),
      ...[...eventFamilies.keys()].map((name) => `events.${name}`),
    ];
    assert.ok(happens.includes(`events.${emittedByData.name}`));
    assert.deepEqual(sectionsUnder('Events').toSorted(), happens.toSorted());
    assert.ok(sectionsUnder('Socket messages').includes('session.ended'));
    assert.ok(!sectionsUnder('Socket messages').some((id) => happens.includes(id)));
    assert.ok(!/<script|<style|style=|\son\w+=/u.test(text));
    assert.ok(text.includes('&quot;type&quot;'));
    assert.ok(text.includes('one&#39;s own is never left'));
  });

  describe('in a browser', () => {
    let browser: Browser;

    before(async () => {
      browser = await startBrowser();
    });
    after(async () => {
      await browser.close();
    });

    it('lets whoever has a token try a path out, under a policy that allows no inline script', async () => {
      const { headers } = await server.call('GET', '/api/docs');
      const policy = headers.get('content-security-policy') ?? '';
      assert.ok(policy.includes("default-src 'none'") && !policy.includes('unsafe'), policy);
      const { accessToken, user } = await registerSomebody(server);
      const visited = await visit(browser);
      const { page, complaints, asked } = visited;
      await page.goto(`${server.url}/api/docs`);
      await page.locator('button.btn.authorize').click();
      await page.getByLabel('auth-bearer-value').fill(accessToken);
      await page.locator('.auth-btn-wrapper button.authorize').click();
      await page.locator('.auth-btn-wrapper button.btn-done').click();
      const operation = page.locator('#operations-auth-getAuthMe');
      await operation.locator('.opblock-summary-control').click();
      await operation.locator('button.try-out__btn').click();
      await operation.locator('button.execute').click();
      const answer = operation.locator('.live-responses-table .response').first();
      await answer.waitFor();
      assert.equal((await answer.locator('.response-col_status').innerText()).trim(), '200');
      assert.ok((await answer.locator('.response-col_description').innerText()).includes(user.id));
      assert.deepEqual(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]'), [
        0,
        0,
        '',
      ]);
      await page.getByRole('link', { name: 'Events, sockets, problems' }).click();
      await page.getByRole('heading', { name: 'user.registered' }).waitFor();
      assert.deepEqual(complaints, []);
      assert.deepEqual(
        asked.filter((address) => !address.startsWith(server.url) && !address.startsWith('data:')),
        [],
      );
      await visited.close();
    });
  });
});
