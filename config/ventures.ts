// Bounds of ventures. Read by the venture service.

/** How much of everything. */
export const ventureLimits = Object.freeze({
  /** People in one team. */
  team: 200,
  /** Ventures that one person owns. */
  owned: 50,
  /** Invitations of one venture that nobody has answered yet. */
  pendingInvitations: 100,
});
