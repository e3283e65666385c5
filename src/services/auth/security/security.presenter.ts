// Security events on the wire.
import { securityKinds, type SecurityEvent } from './security.model.ts';
import { deviceOf } from './security.policy.ts';
import type { SecurityEventView } from './security.schema.ts';

/** A security event as its owner sees it. */
export function presentSecurityEvent({ _id, kind, at, ip, userAgent, sessionId }: SecurityEvent): SecurityEventView {
  return {
    id: _id,
    kind,
    text: securityKinds[kind],
    at: at.toISOString(),
    ...(ip ? { ip } : {}),
    ...(userAgent ? { device: deviceOf(userAgent) } : {}),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
}
