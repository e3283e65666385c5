// Rules of portfolios: dates, room, contradictions, and how an import is laid over what there is. Pure.
import { canonicalJson } from '#src/platform/ids.ts';
import type { Item, ItemFields } from './portfolio.model.ts';

/** Most items of one portfolio, and most text in all of them (characters of their JSON). */
export const mostItems = 100;
const mostText = 256 * 1_024;

/** True where a date of the form YYYY, YYYY-MM or YYYY-MM-DD names a day that the calendar has. */
export function isDate(date: string): boolean {
  const [year, month = '01', day = '01'] = date.split('-');
  const at = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.getUTCDate() === Number(day);
}

/** True where there is room for these items. */
export function fits(items: readonly Item[]): boolean {
  return items.length <= mostItems && JSON.stringify(items).length <= mostText;
}

/** What of an item contradicts itself: the member and a sentence, or null. Dates are compared as far as both are exact. */
export function faultOf(item: ItemFields): { readonly member: keyof ItemFields; readonly detail: string } | null {
  const { title, organisation, summary, area, description, start, end } = item;
  if ([title, organisation, summary, area, description].every((said) => said === undefined)) {
    return { member: 'title', detail: 'Says nothing: give it a title or an organisation' };
  }
  const exact = Math.min(start?.length ?? 0, end?.length ?? 0);
  return start !== undefined && end !== undefined && end.slice(0, exact) < start.slice(0, exact)
    ? { member: 'end', detail: 'Ends before it starts' }
    : null;
}

const plain = (text: string | undefined): string => (text ?? '').normalize('NFKC').toLowerCase().trim();

/** What makes two items the same one for an import: what it is, its title, whose it was, and when it began. */
function nameOf({ kind, title, organisation, start, summary }: Omit<Item, 'id' | 'visibility'>): string {
  const words = title === undefined && organisation === undefined ? plain(summary) : '';
  return JSON.stringify([kind, plain(title), plain(organisation), start ?? '', words]);
}

/** Items after an import: what was added and changed, and what there was already. */
export interface Merged {
  readonly items: readonly Item[];
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * Lays imported items over those there are. The n-th of a name is the n-th of it: what the import says of it replaces
 * what was said, what it does not say stays, as do id, place and visibility. Others are added at the end; nothing is
 * removed. The same import again changes nothing. References begin private, other items for members.
 */
export function mergeItems(
  before: readonly Item[],
  imported: readonly Omit<Item, 'id' | 'visibility'>[],
  idOf: (index: number) => string,
): Merged {
  const places = new Map<string, number[]>();
  before.forEach((item, index) => places.set(nameOf(item), [...(places.get(nameOf(item)) ?? []), index]));
  const items = [...before];
  let changed = 0;
  for (const [index, item] of imported.entries()) {
    const at = places.get(nameOf(item))?.shift();
    const there = at === undefined ? undefined : before[at];
    if (at === undefined || there === undefined) {
      items.push({ id: idOf(index), visibility: item.kind === 'reference' ? 'private' : 'members', ...item });
      continue;
    }
    const after = { ...there, ...item };
    if (canonicalJson(after) !== canonicalJson(there)) {
      items[at] = after;
      changed += 1;
    }
  }
  const added = items.length - before.length;
  return { items, added, changed, unchanged: imported.length - added - changed };
}
