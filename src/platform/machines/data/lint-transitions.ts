// Lint of transitions: those that are never asked, and children whose failure nobody hears.
import type { Finding, Lint } from './findings.ts';
import type { Subject } from './subject.ts';
import type { ModelState, Move } from './model.ts';

/** Transitions behind one without a guard, and children without `onError`. */
export function transitionFindings({ model: { states }, options: { machines } }: Subject): Lint {
  return {
    errors: [
      ...states.flatMap(({ moves }) => moves.flatMap(shadowed)),
      ...(machines ? states.flatMap((state) => unknownMachines(state, machines)) : []),
    ],
    warnings: states.flatMap(unheardFailures),
  };
}

function shadowed(moves: readonly Move[]): Finding[] {
  const last = moves.findIndex(({ written }) => written.guard === undefined);
  return last < 0
    ? []
    : moves.slice(last + 1).map(({ pointer }) => ({
        code: 'shadowed',
        path: pointer,
        detail: 'It is never asked: the one before it has no guard',
      }));
}

function unheardFailures({ invokes }: ModelState): Finding[] {
  return invokes
    .filter(({ written }) => written.onError === undefined)
    .map(({ pointer, written }) => ({
      code: 'no-on-error',
      path: pointer,
      detail: `Where ${written.id} fails, the machine fails with it: say what then in onError`,
    }));
}

function unknownMachines({ invokes }: ModelState, machines: readonly string[]): Finding[] {
  return invokes
    .filter(({ written: { src } }) => !src.startsWith('effect:') && !machines.includes(src))
    .map(({ pointer, written: { src } }) => ({
      code: 'unknown-machine',
      path: `${pointer}/src`,
      detail: `There is no machine of the type ${src}`,
    }));
}
