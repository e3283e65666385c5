// Telling people what happened to the safety of their account: parts of decisions, for every area of this service.
import { z } from 'zod';
import type { Decision } from '#src/platform/commands/command.ts';
import { newId } from '#src/platform/ids.ts';
import { insert } from '#src/platform/commands/command.ts';
import { defineMail } from '#src/platform/mail/template.ts';
import { securityNoticed } from './security.events.ts';
import { securityKinds, SecurityEvents, type SecurityEvent, type SecurityKind } from './security.model.ts';
import { deviceOf } from './security.policy.ts';

const kinds = Object.keys(securityKinds) as [SecurityKind, ...SecurityKind[]];

/** The mail that tells of a security event. It says what, when and from where, and holds no link. */
const noticeMail = defineMail({
  name: 'auth.security-notice',
  data: z.strictObject({
    name: z.string().max(100),
    kind: z.enum(kinds),
    at: z.iso.datetime(),
    device: z.string().max(200).optional(),
    ip: z.string().max(64).optional(),
  }),
  render: ({ name, kind, at, device, ip }) => ({
    subject: securityKinds[kind],
    text: [
      `Hello ${name},`,
      '',
      `${securityKinds[kind]}.`,
      '',
      `Time: ${at.replace('T', ' ').replace(/\.\d+Z$/u, ' UTC')}`,
      ...(device === undefined ? [] : [`Device: ${device}`]),
      ...(ip === undefined ? [] : [`Address: ${ip}`]),
      '',
      'If that was you, there is nothing to do. If not, change your password and end the sessions you do not know.',
    ].join('\n'),
  }),
});

/** Whom a notice goes to. */
export interface Noticed {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

/** Which device it happened on, as a person recognises it. */
export function deviceText(userAgent: string): string {
  const { browser, os } = deviceOf(userAgent);
  return `${browser} on ${os}`;
}

/**
 * A security event that its owner is told of at once: the row that lists it, an event in the owner's feed, and a mail.
 * For `decide` of any command of this service: spread its parts into the decision's. Once for each event, however often
 * the command is tried, because its cause is the command's id; say `cause` where one command tells of several.
 */
export function securityNotice(
  to: Noticed,
  event: Omit<SecurityEvent, '_id' | 'userId'>,
  cause: string,
): Required<Pick<Decision, 'writes' | 'events' | 'work'>> {
  const row: SecurityEvent = { _id: newId(), userId: to.id, ...event };
  const from = {
    ...(event.userAgent ? { device: deviceText(event.userAgent) } : {}),
    ...(event.ip ? { ip: event.ip } : {}),
  };
  return {
    writes: [insert(SecurityEvents, row)],
    events: [
      securityNoticed.draft({
        subject: `user.${to.id}`,
        audience: [`user.${to.id}`],
        data: {
          userId: to.id,
          kind: event.kind,
          eventId: row._id,
          ...(event.sessionId === undefined ? {} : { sessionId: event.sessionId }),
        },
      }),
    ],
    work: [
      noticeMail.draft(
        to.email,
        { name: to.name, kind: event.kind, at: event.at.toISOString(), ...from },
        `${event.kind}.${cause}`,
      ),
    ],
  };
}
