// What definitions that are data say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** The lint found errors; `errors` names each by its place. Nothing is kept. */
export const definitionInvalid = defineProblem(
  'state-machine.definition-invalid',
  422,
  'The definition cannot be run as it is',
);

/** The type is built in, a word of the paths, or the beginning of the product's own events. */
export const typeIsTaken = defineProblem('state-machine.type-taken', 409, 'Data cannot define a machine of this type');

/** No such type, or no such version of it. */
export const definitionUnknown = defineProblem(
  'state-machine.definition-not-found',
  404,
  'There is no such definition',
);

/** As many types, or versions of the type, as there may be. */
export const tooManyDefinitions = defineProblem(
  'state-machine.too-many-definitions',
  409,
  'There are as many definitions as there may be',
);

/** Instances run on the version; `live` says how many. */
export const versionInUse = defineProblem('state-machine.version-in-use', 409, 'Machines run on this version');

/** The definition that is stored cannot be run by this version of the product. */
export const notRunnable = defineProblem(
  'state-machine.not-runnable',
  409,
  'The definition that is kept cannot be run any more',
);
