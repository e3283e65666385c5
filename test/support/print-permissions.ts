// `npm run docs:permissions`: writes docs/permissions.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsPage } from './permission-matrix.ts';

writeFileSync(join(import.meta.dirname, '../../docs/permissions.md'), permissionsPage());
