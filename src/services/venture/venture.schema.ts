// Inputs and outputs of ventures.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { userId } from '#src/services/user/index.ts';
import { stages, ventureRoles, visibilities } from './venture.model.ts';

const oneLine = (most: number) =>
  z
    .string()
    .trim()
    .normalize('NFC')
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'May hold no control characters');

const webAddress = z.url({ protocol: /^https?$/u, hostname: z.regexes.domain });
const website = z
  .string()
  .max(2_048)
  .regex(/^https?:\/\/[^\s\p{Cc}\p{Cs}]+$/u, 'An address that begins with https:// or http://')
  .refine((address) => webAddress.safeParse(address).success, 'Not an address of the web');
const description = z.string().trim().normalize('NFC').max(4_000);

/** The id of a venture. */
export const ventureId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'Not the id of a venture');
export const ventureParams = z.strictObject({ id: ventureId });
export const teammateParams = z.strictObject({ id: ventureId, userId });

/** `POST /api/ventures/create`. */
export const createVenture = z.strictObject({
  name: oneLine(100),
  description: description.optional(),
  stage: z.enum(stages).optional(),
  industry: oneLine(64).nullish(),
  website: website.nullish(),
  visibility: z.enum(visibilities).optional(),
});

/** `PUT /api/ventures/:id`: what is left out stays as it is. */
export const updateVenture = createVenture.partial();

/** `GET /api/ventures/`. `mine`: only those whose team one is in, the archived ones too. */
export const listVentures = pageQuery.extend({
  q: oneLine(100).optional(),
  stage: z.enum(stages).optional(),
  industry: oneLine(64).optional(),
  mine: z.enum(['true', 'false']).optional(),
});

/** `PUT /api/ventures/:id/team/:userId`. */
export const changeRole = z.strictObject({ role: z.enum(ventureRoles).exclude(['owner']) });

const shownTeammate = z
  .strictObject({
    userId,
    name: z.string().max(100).nullable().describe('null where the account is gone'),
    role: z.enum(ventureRoles),
    joinedAt: z.iso.datetime(),
  })
  .meta({ id: 'Teammate' });

/** `GET /api/ventures/:id/team`. */
export const teamView = z.strictObject({ data: z.array(shownTeammate).max(200) });
export type TeamView = z.output<typeof teamView>;

const shown = {
  id: ventureId,
  name: z.string().max(100),
  description: z.string().max(4_000),
  stage: z.enum(stages),
  industry: z.string().max(64).nullable(),
  website: z.string().max(2_048).nullable(),
  visibility: z.enum(visibilities),
  state: z.enum(['active', 'archived']),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
};

/** One venture with its team. */
export const ventureView = z
  .strictObject({
    ...shown,
    team: z.array(z.strictObject({ userId, role: z.enum(ventureRoles), joinedAt: z.iso.datetime() })).max(200),
  })
  .meta({ id: 'Venture' });
export type VentureView = z.output<typeof ventureView>;

/** A page of ventures, without their teams. */
export const venturePage = pageOf(
  z.strictObject({ ...shown, teamSize: z.int().min(0).max(200) }).meta({ id: 'VentureSummary' }),
);

/** What every command on a venture takes: `mayAll` is true for callers with `venture.update.any`. */
const onVenture = z.strictObject({ id: ventureId, mayAll: z.boolean() });

/** `expectVersion`: the version it must still have. */
export const updateInput = onVenture.extend({ changes: updateVenture, expectVersion: z.int().min(0) });
export const stateInput = onVenture.extend({ state: z.enum(['active', 'archived']) });
export const roleInput = onVenture.extend({ userId, role: changeRole.shape.role });
export const leaveInput = onVenture.extend({ userId });
export type UpdateInput = z.output<typeof updateInput>;
export type StateInput = z.output<typeof stateInput>;
export type RoleInput = z.output<typeof roleInput>;
export type LeaveInput = z.output<typeof leaveInput>;
