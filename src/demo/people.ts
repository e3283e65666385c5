// The people of the demo: found by what they were named before, made where they are missing. Called by run.ts.
import { z } from 'zod';
import { inWords, type Api } from './api.ts';
import { eachOf } from './each-of.ts';
import { GaveUp } from './gave-up.ts';

const user = z.object({ id: z.string(), name: z.string(), email: z.string().optional() });
const userPage = z.object({ data: z.array(user), page: z.object({ nextCursor: z.string().nullable() }) });

/** People's pseudonyms begin with it: the search for those who are there. */
const beginning = 'p-';

/** Who plays. */
export interface People {
  /** Id by pseudonym. */
  readonly ids: ReadonlyMap<string, string>;
  /** How many of them were made now. */
  readonly made: number;
}

const emailOf = (person: string): string => `${person}@community.example`;

/**
 * Sees to it that every one of `people` has an account, and never to a second one, however often it runs.
 * @throws GaveUp when an account cannot be made
 */
export async function settlePeople(
  api: Api,
  people: readonly string[],
  concurrency: number,
  onProgress: (done: number) => void,
): Promise<People> {
  const ids = new Map<string, string>();
  const byEmail = await findPeople(api, beginning);
  for (const person of people) {
    const id = byEmail.get(emailOf(person));
    if (id !== undefined) {
      ids.set(person, id);
    }
  }
  let made = 0;
  await eachOf(
    people.filter((person) => !ids.has(person)),
    concurrency,
    async (person) => {
      const { id, isNew } = await makePerson(api, person);
      ids.set(person, id);
      made += isNew ? 1 : 0;
      onProgress(ids.size);
    },
  );
  return { ids, made };
}

/** Ids by e-mail address. */
async function findPeople(api: Api, q: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = new URLSearchParams({ q, limit: '100', ...(cursor === '' ? {} : { cursor }) });
    const { data, page } = userPage.parse(await api.get(`/api/users/?${query.toString()}`));
    for (const { id, email } of data) {
      if (email !== undefined) {
        found.set(email, id);
      }
    }
    cursor = page.nextCursor;
  }
  return found;
}

async function makePerson(api: Api, person: string): Promise<{ id: string; isNew: boolean }> {
  const email = emailOf(person);
  const answer = await api.post('/api/users/create', { email, name: person }, `demo.person.${person}`);
  if (answer.status === 201) {
    return { id: user.parse(answer.body).id, isNew: answer.novelty !== 'known' };
  }
  // The address is taken by somebody whom the search by name does not find: they may have changed their name.
  const id = answer.status === 409 ? (await findPeople(api, email)).get(email) : undefined;
  if (id === undefined) {
    throw new GaveUp(`The account ${email} could not be made: ${inWords(answer)}`);
  }
  return { id, isNew: false };
}
