// What of somebody's activity others see, and the days of an analysis. Pure.
import type { StoredEvent } from '#src/platform/events/event.ts';

/** Types of events that others may see; all else is the owner's alone. */
export const shownTypes: readonly string[] = [
  'user.registered',
  'skill.added',
  'skill.endorsed',
  'portfolio.item-added',
  'level.reached',
  'badge.awarded',
];

/** What of a person is shown now: an event of a thing that was hidden since is hidden with it. */
export interface Shown {
  readonly slugs: ReadonlySet<string>;
  readonly items: ReadonlySet<string>;
  /** People who are not shown to whoever looks. */
  readonly hidden: ReadonlySet<string>;
}

/** True where an event about somebody may be seen by others as things stand now. */
export function isShown({ type, data }: Pick<StoredEvent, 'type' | 'data'>, shown: Shown): boolean {
  if (type.startsWith('skill.')) {
    return shown.slugs.has(String(data['slug'])) && !shown.hidden.has(String(data['by']));
  }
  return type.startsWith('portfolio.') ? shown.items.has(String(data['itemId'])) : shownTypes.includes(type);
}

const dayMs = 86_400_000;

/** Days of the calendar from one to another, both among them (`YYYY-MM-DD`). */
export function daysBetween(from: string, to: string): string[] {
  const count = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => dayAfter(from, index));
}

/** The day that is so many days after another. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
}

/** The day it is in a zone at an instant. */
export function dayIn(timeZone: string, at: Date): string {
  const numeric = 'numeric';
  const digits = '2-digit';
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: numeric, month: digits, day: digits });
  return format.format(at);
}

/**
 * A span of instants in which all of these days lie, whatever the zone: no wall clock is more than 16 hours away from
 * UTC. Which day an instant belongs to is said by its zone alone.
 */
export function spanOf(from: string, to: string): { readonly $gte: Date; readonly $lt: Date } {
  const awayMs = 16 * 3_600_000;
  return { $gte: new Date(Date.parse(from) - awayMs), $lt: new Date(Date.parse(to) + dayMs + awayMs) };
}
