// The schema of actions. What XState does itself (set, raise, cancel, sendTo, sendParent) has params of a known form;
// those of effects are the effect's, and lint-effects.ts looks at them.
import { z } from 'zod';
import { isReserved } from '../actions.ts';
import { isInherited } from './bounds.ts';
import { delayProblem } from './durations.ts';
import type { ActionSource } from './source.ts';
import { cel, template } from './template-schema.ts';

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/u, 'A name begins with a letter');
const delay = z.union([z.number(), z.string().max(40)]).superRefine((written, check) => {
  const problem = delayProblem(written);
  if (problem !== null) {
    check.addIssue({ code: 'custom', message: problem, params: { code: 'delay' } });
  }
});
const event = z.record(z.string().max(64), template).superRefine((value, check) => {
  const { type } = value;
  if (typeof type !== 'string' || type.length > 100 || isReserved(type)) {
    const message = 'An event that is sent has a type in plain text that is not the runtime’s own';
    check.addIssue({ code: 'custom', path: ['type'], message, params: { code: 'reserved-name' } });
  }
});
const contextKey = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/u, 'A member of the context is named by letters, digits and _')
  .refine((key) => !isInherited(key), { error: 'This name is reserved', params: { code: 'reserved-name' } });
const wait = z.union([delay, cel]).optional();

type OwnAction = 'set' | 'raise' | 'cancel' | 'sendTo' | 'sendParent';

/** The params of what a machine does by itself. */
const ownActions: Readonly<Record<OwnAction, z.ZodType>> = {
  set: z.record(contextKey, template),
  raise: z.strictObject({ event, delay: wait, id: name.optional() }),
  cancel: z.strictObject({ id: z.string().min(1).max(100) }),
  sendTo: z.strictObject({ child: name, event, delay: wait, id: name.optional() }),
  sendParent: z.strictObject({ event, delay: wait, id: name.optional() }),
};

/** True for the actions a machine does by itself. */
export function isOwnAction(type: string): type is OwnAction {
  return Object.hasOwn(ownActions, type);
}

const actionName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/u, 'An action is named by letters, digits, _ and -')
  .refine((type) => !isInherited(type), { error: 'This name is reserved', params: { code: 'reserved-name' } });

/** One action. */
export const actionSource: z.ZodType<string | ActionSource> = z.union([
  actionName.refine((type) => !isOwnAction(type), 'This action needs params'),
  z
    .strictObject({ type: actionName, params: z.record(z.string().max(100), template).optional() })
    .superRefine(({ type, params }, check) => {
      const own = isOwnAction(type) ? ownActions[type].safeParse(params ?? {}) : null;
      for (const issue of own?.error?.issues ?? []) {
        const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined;
        const path = ['params', ...issue.path];
        check.addIssue({ code: 'custom', path, message: issue.message, params: { code: code ?? 'schema' } });
      }
    }),
]);
