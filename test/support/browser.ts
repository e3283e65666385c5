// A real headless Chromium for page tests: what a page asked for and what its policy refused is written down. Called by
// test/integration.
import chromium from '@sparticuz/chromium';
import { chromium as driver, type Browser, type Page } from 'playwright-core';

/** A page in a browser profile of its own, and what went on in it. */
export interface Visit {
  readonly page: Page;
  /** What the browser complained about: broken policies, scripts that threw. */
  readonly complaints: readonly string[];
  /** Every address the page asked for. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Starts the browser that the packages bring. Close it in an `after` hook. */
export async function startBrowser(): Promise<Browser> {
  // Not the package's own arguments: they switch off what a page test is about (`--disable-web-security`).
  const args = ['--no-sandbox', '--disable-gpu'];
  return await driver.launch({ executablePath: await chromium.executablePath(), args, headless: true });
}

/** Opens an empty page, without cookies of other visits. */
export async function visit(browser: Browser): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A refused answer is the server's to give; what the page may not load or run is a fault of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource: the server responded')) {
      complaints.push(message.text());
    }
  });
  return { page, complaints, asked, close: async () => await context.close() };
}
