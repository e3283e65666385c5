// The promise that machines' histories are whole, for backups: every chain of steps follows from its first step and ends
// where its machine stands. Declared to the registry's checks.
import { Complaints, type StoredCheck } from '../backup/checks.ts';
import { followsInChain, MachineInstances, Transitions, type MachineInstance, type Transition } from './store.ts';

type End = Pick<Transition, 'seq' | 'hash'>;

/** Steps of a machine, from its first to the one it stands at, each with the hash of the one before. */
export const storedChains: StoredCheck = {
  promise: 'the steps of every machine form one unbroken chain',
  reads: { [MachineInstances.name]: 'any', [Transitions.name]: { instance: 1, seq: 1 } },
  begin: () => {
    const complaints = new Complaints();
    const stands = new Map<string, End>();
    const ends = new Map<string, End>();
    let last: Transition | undefined;
    const seeStep = (step: Transition): void => {
      const before = last?.instance === step.instance ? last : undefined;
      if (!followsInChain(before, step) || (!before && (step.seq !== 0 || ends.has(step.instance)))) {
        complaints.add(`step ${step.seq} of ${step.instance} was altered or does not follow the one before`);
      }
      last = step;
      ends.set(step.instance, { seq: step.seq, hash: step.hash });
    };
    return {
      see: (collection, doc) => {
        if (collection === Transitions.name) {
          seeStep(doc as unknown as Transition);
        } else {
          const { _id, seq, lastHash } = doc as unknown as MachineInstance;
          stands.set(_id, { seq, hash: lastHash });
        }
      },
      end: () => {
        for (const [instance, stand] of stands) {
          const end = ends.get(instance);
          if (end?.seq !== stand.seq || end.hash !== stand.hash) {
            complaints.add(`${instance} stands at step ${stand.seq}, its steps end at ${end?.seq ?? 'none'}`);
          }
          ends.delete(instance);
        }
        [...ends.keys()].forEach((instance) => complaints.add(`there are steps of ${instance}, but no such machine`));
        return complaints.all();
      },
    };
  },
};
