// How long rows are kept, by state. Undone work, what waits for its places in feeds, and work that gave up are never
// removed: their rows carry no expiry.

const day = 86_400_000;

/** Milliseconds a row is kept after it reached the state. */
export const retention = Object.freeze({
  /** Settled work: as long as an Idempotency-Key is remembered. */
  workSettledMs: day,
  /** Effects of machines that can be undone: so long they can. */
  workUndoableMs: 400 * day,
  feedEventsMs: 90 * day,
  timersFiredMs: 30 * day,
  /** Imports and their reports, from their beginning. */
  importsMs: 90 * day,
  /** What of an upload is left when its process died before it was whole. */
  uploadsBrokenMs: day / 24,
  deadLettersRedrivenMs: 90 * day,
  sessionsEndedMs: 30 * day,
  securityEventsMs: 365 * day,
  mailsMs: 7 * day,
  /** As far back as a person's analytics reach. */
  profileViewsMs: 401 * day,
  invitationsEndedMs: 90 * day,
  /** Names of rules and endpoints that were removed: their revisions count on for so long. */
  automationRemovedMs: 30 * day,
});
