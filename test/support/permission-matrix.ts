// docs/permissions.md, made from the code: what each role of a new system may, and which routes ask for what. Written by
// `npm run docs:permissions`; a unit test compares.
import { buildRegistry } from '#src/app.ts';
import { initialRoles, permissions, type Permission } from '#src/platform/auth/permissions.ts';

/** A table as the formatter of the project leaves it: columns as wide as their longest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...body.map((row) => line(row)),
  ].join('\n');
}

function matrix(): string {
  const roles = Object.keys(initialRoles);
  const rows = (Object.keys(permissions) as Permission[]).map((permission) => [
    `\`${permission}\``,
    permissions[permission],
    ...roles.map((role) => (initialRoles[role]?.includes(permission) ? 'yes' : '')),
  ]);
  return table([['permission', 'what it opens', ...roles], ...rows]);
}

function routes(): string {
  const rows = buildRegistry().routes.map(({ method, path, auth, scope }) => [
    `\`${method.toUpperCase()} ${path}\``,
    scope,
    typeof auth === 'string' ? '' : `\`${auth.permission}\``,
  ]);
  return table([['route', 'scope', 'permission'], ...rows]);
}

/** The whole page. */
export function permissionsPage(): string {
  return `# Who may do what

Made from the code by \`npm run docs:permissions\`; a test compares it, and asks every cell of the first table over HTTP.

A right is a named permission; a role is a set of them, kept in MongoDB; somebody has one role or several. Nothing is
allowed unless it is granted. These are the roles a new system begins with; an admin changes them at run time, and makes
others, by \`/api/roles\`. \`admin\` always has every permission, and somebody always stays admin. Nobody gives, takes or
puts into a role what they may not do themselves.

${matrix()}

A change counts on every node within milliseconds, and within one second where Redis is away or its message was lost:
each process looks that often at what was changed. Sockets are taken out of rooms they may not be in any more, at once,
and by a sweep within 15 seconds where the message was lost. A permission that a new version brings reaches the roles it is
meant for once; taken away, it stays away. Each change is in the audit: \`GET /api/audit?action=role\`, \`…=user.roles\`.

## What a permission alone does not say

Whose things a route shows or changes is its scope. \`public\`: anybody. \`self\`: one's own, without naming it. \`owner\`:
what the path names, for its owner. \`member\`: the same for the members of its group. \`visible\`: for everybody, as far as its
owner allows. \`role\`: for those with the permission. To whoever may not, what is another's does not exist: 404.

${routes()}
`;
}
