// Many things at a time, but not all at once. Called by people.ts and run.ts.

/** Does `task` for each item in order, at most `concurrency` under way; the first failure ends it and is thrown. */
export async function eachOf<Item>(
  items: readonly Item[],
  concurrency: number,
  task: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as Item;
      next += 1;
      try {
        await task(item);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}
