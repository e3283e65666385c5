// Outputs of security events.
import { z } from 'zod';
import { pageOf } from '#src/platform/http/cursor.ts';
import { securityKinds, type SecurityKind } from './security.model.ts';

/** A device as a person recognises it. */
export const deviceView = z
  .strictObject({ browser: z.string().max(64), os: z.string().max(64), type: z.string().max(64) })
  .meta({ id: 'Device' });

/** One security event as its owner sees it. */
const securityEventView = z
  .strictObject({
    id: z.string().max(64),
    kind: z.enum(Object.keys(securityKinds) as [SecurityKind, ...SecurityKind[]]),
    text: z.string().max(200).describe('What happened, in a sentence'),
    at: z.iso.datetime(),
    ip: z.string().max(64).optional(),
    device: deviceView.optional(),
    sessionId: z.string().max(64).optional(),
  })
  .meta({ id: 'SecurityEvent' });
export type SecurityEventView = z.output<typeof securityEventView>;

/** `GET /api/auth/security-events`. */
export const securityEventPage = pageOf(securityEventView);
