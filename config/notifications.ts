// What people are told, by which way, and what holds until they say otherwise.

/** The ways to reach somebody. */
export const notificationChannels = ['inApp', 'email', 'push'] as const;

/** What there is to tell. */
export const notificationCategories = [
  'security',
  'connections',
  'skills',
  'ventures',
  'documents',
  'tokens',
  'achievements',
  'product',
] as const;

/** The name of a way, and of a category. */
export type NotificationChannel = (typeof notificationChannels)[number];
export type NotificationCategory = (typeof notificationCategories)[number];

const everywhere = { inApp: true, email: true, push: true } as const;
const onScreen = { inApp: true, email: false, push: true } as const;

/** What holds until somebody chooses. Nobody is sent advertisement unasked. */
export const notificationDefaults: Readonly<
  Record<NotificationCategory, Readonly<Record<NotificationChannel, boolean>>>
> = Object.freeze({
  security: everywhere,
  connections: everywhere,
  skills: onScreen,
  ventures: everywhere,
  documents: everywhere,
  tokens: everywhere,
  achievements: onScreen,
  product: { inApp: false, email: false, push: false },
});
