// Whom a definition's principals stand for in one instance. Called where rows are made and where senders are judged.
import type { MachinePeople, Principal } from './definition.ts';

/**
 * The names that principals stand for: `anyone`, `user.<id>`, `role.<name>`; none for `operator`, whose right is a
 * permission. In the order given, each once.
 */
export function standsFor(principals: readonly Principal[], { owner, members }: MachinePeople): string[] {
  const names = principals.flatMap((principal) => {
    switch (principal) {
      case 'anyone':
        return ['anyone'];
      case 'operator':
        return [];
      case 'owner':
        return owner === null || owner === '' ? [] : [`user.${owner}`];
      case 'member':
        return members.filter((member) => member !== '').map((member) => `user.${member}`);
      default:
        return [`role.${principal.slice('role:'.length)}`];
    }
  });
  return [...new Set(names)];
}
