// Where a login may lead: to the board of this host, whatever somebody puts into a link.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { safeNext } from '#src/platform/admin/same-site.ts';

const piece = fc.constantFrom(
  '/',
  '//',
  '\\',
  '.',
  '..',
  'admin',
  'queues',
  '/admin/',
  '/admin/queues',
  '@',
  ':',
  '?',
  '#',
  '%2f',
  '%5c',
  '%2e',
  '\t',
  '\n',
  ' ',
  'https:',
  'javascript:',
  'evil.example',
);

describe('safeNext', () => {
  it('never leaves the board, as browsers read addresses', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const url = new URL(safeNext(text), 'https://brain.example/admin/login');
        assert.equal(url.origin, 'https://brain.example');
        assert.ok(url.pathname === '/admin/queues' || url.pathname.startsWith('/admin/queues/'), url.pathname);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps a place on the board', () => {
    for (const path of ['/admin/queues', '/admin/queues/', '/admin/queues/queue/machines.5?status=failed&page=2']) {
      assert.equal(safeNext(path), path);
    }
    for (const other of [undefined, '', '/admin/', '/admin/login', `/admin/queues/${'x'.repeat(1_024)}`]) {
      assert.equal(safeNext(other), '/admin/queues');
    }
  });
});
