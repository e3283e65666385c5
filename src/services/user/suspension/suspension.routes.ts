// The paths by which moderators suspend accounts and let them back in.
import { endSessionsOf } from '#src/platform/auth/session-endings.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { userParams } from '../user.schema.ts';
import { setAccountStatus } from './suspension.commands.ts';
import { accountStatus, suspensionBody } from './suspension.schema.ts';

const acts = [
  { verb: 'suspend', to: 'suspended', summary: 'Suspend an account: its sessions end, and nobody logs into it' },
  { verb: 'activate', to: 'active', summary: 'Let a suspended account back in' },
] as const;

/** The routes of suspending accounts. */
export const suspensionRoutes: readonly Route[] = acts.map(({ verb, to, summary }) =>
  defineRoute({
    method: 'post',
    path: `/api/users/:id/${verb}`,
    summary,
    auth: { permission: 'user.suspend' },
    scope: 'role',
    params: userParams,
    body: suspensionBody,
    output: accountStatus,
    commands: [setAccountStatus],
    handle: async ({ params, body, caller, submit }) => {
      const mayAdmins = caller.roles.includes('admin');
      const answer = await submit(setAccountStatus, { userId: params.id, to, mayAdmins, reason: body.reason });
      if (to === 'suspended') {
        // At once, instead of when what is known of the sessions is asked for again.
        await endSessionsOf(params.id, { reason: 'account' });
      }
      return answer;
    },
  }),
);
