// docs/permissions.md is what the code says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsPage } from '../support/permission-matrix.ts';

describe('docs/permissions.md', () => {
  it('is what the code says: write it anew with npm run docs:permissions', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');
    assert.equal(page, permissionsPage());
  });
});
