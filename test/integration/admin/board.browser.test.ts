// The board as people use it, in a real browser: logging in, looking, acting, and being out again.
import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { password } from '../../support/accounts.ts';
import { startBoard, type BoardServer } from '../../support/board.ts';
import { startBrowser, visit, type Visit } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';

describe('the board in a browser', function () {
  this.timeout(60_000);
  let board: BoardServer;
  let browser: Browser;
  let seen: Visit;
  let page: Page;

  before(async () => {
    [board, browser] = await Promise.all([startBoard(), startBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await board?.close();
  });
  beforeEach(async () => {
    seen = await visit(browser);
    page = seen.page;
    page.setDefaultTimeout(10_000);
  });
  afterEach(async () => {
    await seen.close();
    assert.deepEqual(seen.complaints, []);
    assert.deepEqual(
      seen.asked.filter((url) => !url.startsWith(`${board.server.url}/admin/`) && !url.startsWith('data:')),
      [],
      'asked somebody else',
    );
  });

  const queuePath = '/admin/queues/queue/gamification.3';
  const addJob = async (): Promise<string> => {
    const queue = board.queues.find(({ name }) => name === 'gamification.3');
    // Whatever else a job carries is for its owner's eyes.
    const fresh = [{ input: { reason: 'nobody may read this' } }];
    const data = { rows: ['row-one', 'row-two'], requestIds: ['request-one'], fresh };
    const job = await queue?.add('gamification.xp.add user.level.check × 2', data);
    return String(job?.id);
  };
  const logIn = async (email: string, secret = password): Promise<void> => {
    await page.fill('#email', email);
    await page.fill('#password', secret);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  it('lets an admin in, shows what jobs are about, and writes down what the admin does', async () => {
    const id = await addJob();
    await page.goto(`${board.server.url}${queuePath}`);
    assert.equal(await page.title(), 'Log in · SmartStart Brain');
    assert.equal(await page.locator(':focus').getAttribute('id'), 'email');
    await logIn('admin@example.test', 'not the password');
    assert.equal(await page.getByRole('alert').innerText(), 'E-mail address or password is wrong.');
    assert.equal(await page.getByLabel('Password').getAttribute('aria-describedby'), 'problem');
    await logIn('admin@example.test');
    await page.waitForURL(`**${queuePath}`);

    await page.getByText('gamification.xp.add user.level.check × 2').waitFor();
    const shown = await page.locator('body').innerText();
    for (const text of ['gamification · shard 3', 'XP, levels, badges', 'stops no work', 'row-two', 'request-one']) {
      assert.ok(shown.includes(text), `${text} is missing in ${shown}`);
    }
    assert.equal((await page.content()).includes('nobody may read this'), false);

    // The board's buttons have pictures and no names.
    await page.goto(`${board.server.url}${queuePath}/${id}`);
    await page.locator('button:has(svg.lucide-files)').click();
    const added = page.waitForResponse((response) => response.url().endsWith('/gamification.3/add'));
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /duplicate|add/iu })
      .last()
      .click();
    assert.equal((await added).status(), 200);
    await page.goto(`${board.server.url}${queuePath}/${id}`);
    await page.locator('button:has(svg.lucide-trash-2)').click();
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: /confirm|remove|delete|clean/iu })
      .click();
    await eventually(async () => {
      const acts = await Events.native()
        .find({ type: 'admin.acted', 'data.target.job': id })
        .sort({ _id: 1 })
        .toArray();
      assert.deepEqual(
        acts.map(({ actor, data }) => [actor, data['action'], data['outcome']]),
        ['begun', 'done'].map((outcome) => [board.admin.user.id, 'queue.job.remove', outcome]),
      );
    });
    assert.equal(await board.queues.find(({ name }) => name === 'gamification.3')?.getJob(id), undefined);
  });

  it('shows an auditor everything and no button', async () => {
    const id = await addJob();
    await page.goto(`${board.server.url}/admin/queues`);
    await logIn(await board.person('auditor'));
    await page.getByText('Read only').first().waitFor();
    await page.goto(`${board.server.url}${queuePath}/${id}`);
    await page.getByText('row-two').waitFor();
    assert.equal(await page.locator('button:has(svg.lucide-trash-2), button:has(svg.lucide-files)').count(), 0);
  });

  it('logs out by its menu, and is out', async () => {
    await page.goto(`${board.server.url}/admin/queues`);
    await logIn('admin@example.test');
    await page.locator('button[aria-haspopup=menu]').first().click();
    await page.getByText('Log out').click();
    await page.getByRole('heading', { name: 'Log out?' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await page.goto(`${board.server.url}/admin/queues`);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await page.goBack();
    assert.equal(await page.getByText('gamification · shard 3').count(), 0);
  });
});
