// Who looked at whom, once for each day, and whose visitors are not counted. What people did is read from the events.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** That somebody looked at a person on a day (of UTC). It says how many looked, never who: the viewer is a MAC. */
export interface ProfileView {
  /** `<user>.<day>.<viewer>` */
  readonly _id: string;
  readonly userId: string;
  readonly day: string;
  readonly expireAt: Date;
}

/** Views of the time they are kept. */
export const ProfileViews = defineCollection<ProfileView>(
  'profile_views',
  { userId: String, day: String, expireAt: Date },
  [{ key: { userId: 1, day: 1 } }, { key: { expireAt: 1 }, expireAfterSeconds: 0 }],
);

/** What somebody wants of their analytics. */
export interface AnalyticsChoice {
  /** The user's id. */
  readonly _id: string;
  readonly viewsCounted: boolean;
  readonly rev: number;
}

/** Choices by user; whoever made none has views counted. */
export const AnalyticsChoices = defineCollection<AnalyticsChoice>('analytics_choices', {
  viewsCounted: Boolean,
  rev: Number,
});
