// Lists of names in the options of processes, such as --services=user,auth. Called by the roots.

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
