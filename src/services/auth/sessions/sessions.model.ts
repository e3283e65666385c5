// Which devices a user logged in from before. Sessions themselves are the platform's, because every door asks for them.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** The devices of one user; `key` is a MAC, so that the list tells nobody where somebody was. */
export interface KnownDevices {
  /** The id of the user. */
  readonly _id: string;
  readonly devices: readonly { readonly key: string; readonly seenAt: Date }[];
  readonly rev: number;
}

/** The known devices of every user who logged in. */
export const KnownDevicesOf = defineCollection<KnownDevices>('known_devices', {
  devices: [{ _id: false, key: String, seenAt: Date }],
  rev: Number,
});
