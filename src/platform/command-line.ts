// The options of processes: parsed, and lists of names in them such as --services=user,auth. Called by the roots.

/** The names given, checked against those that are known; `undefined` where none was given. A wrong one ends with 64. */
export function named<Name extends string>(
  option: string,
  given: string | undefined,
  known: readonly Name[],
): Name[] | undefined {
  const names = given?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !known.includes(name as Name));
  if (unknown !== undefined) {
    process.stderr.write(`--${option} does not know ${unknown}: it takes ${known.join(', ')}\n`);
    process.exit(64);
  }
  return names as Name[] | undefined;
}

/** Parses what was given; what does not fit is a sentence and the exit code for wrong usage. */
export function parseOrExit<Values>(parse: () => Values): Values {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}: --help shows what there is\n`);
    process.exit(64);
  }
}
