// What people set for themselves. Nobody else ever sees it.
import { z } from 'zod';
import { notificationCategories, notificationChannels } from '#config/notifications.ts';
import { timeZone } from '../profile/profile.schema.ts';

const choices = z.record(z.enum(notificationChannels), z.boolean());
const someChoices = z.partialRecord(z.enum(notificationChannels), z.boolean());

const locale = z
  .string()
  .max(35)
  .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/u, 'A language tag such as en or pt-BR');

/** All settings of somebody. */
export const settingsShape = z
  .strictObject({
    searchable: z.boolean().describe('Others find you by name, skill and place'),
    showOnline: z.boolean().describe('Others see that you are online'),
    locale,
    timezone: timeZone,
    notifications: z.record(z.enum(notificationCategories), choices),
  })
  .meta({ id: 'Settings' });
export type Settings = z.output<typeof settingsShape>;

/** `PUT /api/users/:id/settings`: what is not named stays. Mails about the safety of an account cannot be turned off. */
export const settingsChange = z
  .strictObject({
    searchable: z.boolean(),
    showOnline: z.boolean(),
    locale,
    timezone: timeZone,
    notifications: z.partialRecord(z.enum(notificationCategories), someChoices),
  })
  .partial()
  .refine(({ notifications }) => notifications?.security?.email !== false, {
    path: ['notifications', 'security', 'email'],
    message: 'Mails about the safety of an account cannot be turned off',
  });

/** What the command that changes settings needs. */
export const settingsInput = z.strictObject({
  userId: z.string().min(1).max(64),
  expectRev: z.int().min(0),
  change: settingsChange,
});
export type SettingsInput = z.output<typeof settingsInput>;
