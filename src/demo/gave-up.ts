// The one way a run ends early. Thrown everywhere in the demo, caught by main.ts.

/** The run cannot go on; the message is a sentence for the person who started it. */
export class GaveUp extends Error {}
