// Sizes, page lengths and waiting times at every door. Read by the HTTP and socket doors.

/** What a request may ask for. Sizes in bytes, times in milliseconds. */
export const limits = Object.freeze({
  bodyBytes: 64 * 1024,
  /** Objects and lists inside one another; MongoDB takes about a hundred, its rows included. */
  bodyDepth: 32,
  /** A request's line and headers together; longer ones are cut off with 431. */
  headerBytes: 32 * 1024,
  /** One header that a route reads, in characters. */
  headerChars: 1_024,
  pageDefault: 20,
  pageMax: 100,
  /** Timers one machine may wait for at once: all of them stand in its row. */
  machineTimers: 500,
  /** How long an answer waits for the commit when the request does not say. */
  waitDefaultMs: 5_000,
  waitMaxMs: 30_000,
  /** How long work that was handed to its owner may go unanswered before its row is written first. */
  freshMs: 500,
  /** Longest a request may take beside the wait it asked for: whatever hangs, its caller gets an answer. */
  answerMs: 15_000,
  /** Longest a MongoDB operation of a request may take before the answer is 503. */
  mongoMs: 1_000,
  /** The same for whatever says nothing else, owners and effects too; and for what is streamed, all of it together. */
  mongoDefaultMs: 5_000,
  mongoStreamMs: 120_000,
  /** Rows one insert of accepted work holds at most. */
  acceptBatch: 500,
  /** Requests that may wait for a commit in one API process; more are answered 503 with Retry-After. */
  waiting: 10_000,
  /** Events that one request may send to machines. */
  machineEvents: 100,
  /** Requests that may wait for a machine in one API process. */
  machineWatches: 1_000,
  /** Steps of a machine that are played again for one request. */
  machineReplaySteps: 10_000,
  socketMessageBytes: 64 * 1024,
  socketFeeds: 60,
  socketBufferBytes: 1024 * 1024,
  /** Steps a trace shows, and rows of each collection that are read for it. */
  traceDefault: 500,
  traceMax: 2_000,
  /** Events one resume answers with. */
  feedPage: 200,
  /** A run of a schedule that is found later than this was missed: the schedule's policy says what becomes of it. */
  scheduleLateMs: 60_000,
  /** The furthest a machine's event or start may be put off. */
  machineDelayMs: 366 * 86_400_000,
  /** The most missed runs that are made up for, the newest ones. */
  scheduleCatchUp: 100,
  /** An uploaded import: its whole size, one line of it, its lines. */
  importBytes: 64 * 1024 * 1024,
  importLineBytes: 16 * 1024,
  importLines: 250_000,
  /** Lines that are done in one step, and bytes of them that are kept in one row. */
  importChunkLines: 500,
  importChunkBytes: 1024 * 1024,
  /** Longest an upload may take, and longest it may stand still. */
  uploadMs: 240_000,
  uploadIdleMs: 20_000,
});
