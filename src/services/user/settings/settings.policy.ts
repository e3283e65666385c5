// Settings with what holds until somebody chooses. Pure.
import { notificationCategories, notificationDefaults } from '#config/notifications.ts';
import type { Settings, SettingsInput } from './settings.schema.ts';

const first = { searchable: true, showOnline: true, locale: 'en', timezone: 'UTC' } as const;

/** All settings of somebody, whatever of them was ever chosen. */
export function settingsOf(user: { readonly settings?: Partial<Settings> }): Settings {
  return withChange(user.settings ?? {}, {});
}

/** Settings with a change; categories and channels that it does not name stay. */
export function withChange(before: Partial<Settings>, change: SettingsInput['change']): Settings {
  const notifications = Object.fromEntries(
    notificationCategories.map((category) => [
      category,
      { ...notificationDefaults[category], ...before.notifications?.[category], ...change.notifications?.[category] },
    ]),
  ) as Settings['notifications'];
  return { ...first, ...before, ...change, notifications } as Settings;
}
