// JSON Resume (schema 1.0.0, https://jsonresume.org/schema) and portfolios: what is called what. Pure. Members that the
// schema lacks at some section are written beside its own, which it allows, so that nothing is lost on the way.
import { itemKinds, type Item, type ItemFields, type ItemKind } from '../portfolio/portfolio.model.ts';
import { faultOf } from '../portfolio/portfolio.policy.ts';
import { skillLevels, type Skill } from '../skills/skills.model.ts';

/** Where the schema is published. */
export const schemaAddress = 'https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json';

type Names = Readonly<Record<keyof ItemFields, string>>;

const usual: Names = {
  title: 'title',
  organisation: 'organization',
  url: 'url',
  start: 'startDate',
  end: 'endDate',
  summary: 'summary',
  highlights: 'highlights',
  skills: 'keywords',
  location: 'location',
  description: 'description',
  area: 'area',
  score: 'score',
  roles: 'roles',
  category: 'type',
};

/** The section of each kind, and how it calls what an item says. */
export const sections: Readonly<Record<ItemKind, { readonly section: string; readonly names: Names }>> = {
  work: { section: 'work', names: { ...usual, title: 'position', organisation: 'name' } },
  volunteer: { section: 'volunteer', names: { ...usual, title: 'position' } },
  education: {
    section: 'education',
    names: { ...usual, title: 'studyType', organisation: 'institution', highlights: 'courses' },
  },
  award: { section: 'awards', names: { ...usual, organisation: 'awarder', start: 'date' } },
  certificate: { section: 'certificates', names: { ...usual, title: 'name', organisation: 'issuer', start: 'date' } },
  publication: {
    section: 'publications',
    names: { ...usual, title: 'name', organisation: 'publisher', start: 'releaseDate' },
  },
  project: {
    section: 'projects',
    names: { ...usual, title: 'name', organisation: 'entity', summary: 'description', description: 'summary' },
  },
  language: { section: 'languages', names: { ...usual, title: 'language', summary: 'fluency' } },
  interest: { section: 'interests', names: { ...usual, title: 'name' } },
  reference: { section: 'references', names: { ...usual, title: 'name', summary: 'reference' } },
};

/** One entry of a section. */
export type Entry = Readonly<Record<string, string | readonly string[]>>;

/** The sections of a résumé that these items are. Sections without any are left out. */
export function sectionsOf(items: readonly Item[]): Record<string, Entry[]> {
  const filled = itemKinds.map((kind): [string, Entry[]] => {
    const { section, names } = sections[kind];
    const members = Object.entries(names) as [keyof ItemFields, string][];
    const entries = items
      .filter((item) => item.kind === kind)
      .map((item) =>
        Object.fromEntries(
          members.flatMap(([member, name]) => {
            const value = item[member];
            return value === undefined ? [] : [[name, value]];
          }),
        ),
      );
    return [section, entries];
  });
  return Object.fromEntries(filled.filter(([, entries]) => entries.length > 0));
}

/** An entry as an item, without id; members that hold nothing are left out. */
function itemFrom(kind: ItemKind, entry: Readonly<Record<string, unknown>>): Omit<Item, 'id' | 'visibility'> {
  const members = Object.entries(sections[kind].names)
    .map(([member, name]): [string, unknown] => [member, entry[name]])
    .filter(([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0));
  return { kind, ...Object.fromEntries(members) };
}

/** What a résumé holds for us: items, skills, where it contradicts itself, and what of it has no place here. */
export interface Taken {
  readonly items: Omit<Item, 'id' | 'visibility'>[];
  readonly skills: Pick<Skill, 'name' | 'level' | 'keywords'>[];
  readonly faults: { readonly pointer: string; readonly code: string; readonly detail: string }[];
  readonly ignored: string[];
}

/** Words of others for our four levels. */
const levelWords: Readonly<Record<string, Skill['level']>> = Object.fromEntries([
  ...skillLevels.map((level) => [level, level]),
  ...['novice', 'basic', 'elementary', 'junior'].map((word) => [word, 'beginner']),
  ...['medium', 'competent', 'working'].map((word) => [word, 'intermediate']),
  ...['proficient', 'senior', 'strong', 'experienced'].map((word) => [word, 'advanced']),
  ...['master', 'guru', 'fluent'].map((word) => [word, 'expert']),
]) as Record<string, Skill['level']>;

type Sections = Readonly<Record<string, unknown>>;

/** What of a résumé, parsed already, is taken. Its basics are the profile's, and stay what its owner wrote there. */
export function takenFrom(resume: Sections): Taken {
  const taken: Taken = { items: [], skills: [], faults: [], ignored: [] };
  for (const kind of itemKinds) {
    const { section, names } = sections[kind];
    for (const [index, entry] of entriesOf(resume, section).entries()) {
      const item = itemFrom(kind, entry);
      const fault = faultOf(item);
      if (fault?.member === 'end') {
        taken.faults.push({ pointer: `/body/${section}/${index}/${names.end}`, code: 'custom', detail: fault.detail });
      } else if (fault) {
        taken.ignored.push(`/${section}/${index}`);
      } else {
        taken.items.push(item);
      }
    }
  }
  for (const [index, { name, level, keywords }] of entriesOf(resume, 'skills').entries()) {
    takeSkill(taken, `/skills/${index}`, name as string | undefined, level as string | undefined, keywords as string[]);
  }
  taken.ignored.push(...Object.keys((resume['basics'] ?? {}) as object).map((member) => `/basics/${member}`));
  return taken;
}

function takeSkill(taken: Taken, pointer: string, name = '', level = '', keywords: readonly string[] = []): void {
  if (name === '') {
    taken.ignored.push(pointer);
    return;
  }
  const known = levelWords[level.trim().toLowerCase()];
  if (level !== '' && known === undefined) {
    taken.ignored.push(`${pointer}/level`);
  }
  taken.skills.push({
    name,
    ...(known === undefined ? {} : { level: known }),
    ...(keywords.length === 0 ? {} : { keywords }),
  });
}

function entriesOf(resume: Sections, section: string): Readonly<Record<string, unknown>>[] {
  return (resume[section] ?? []) as Readonly<Record<string, unknown>>[];
}
