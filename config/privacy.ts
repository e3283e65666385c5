// Times of exports and deletions. Read by the user service.

const day = 86_400_000;

/** In milliseconds. */
export const privacyTimes = Object.freeze({
  /** How long an account that is to be deleted can be taken back. */
  undoMs: 14 * day,
  /** How long an export can be fetched. */
  exportKeptMs: 7 * day,
  /** The longest the writing of an export, or an erasure, may take. */
  exportMs: 10 * 60_000,
});
