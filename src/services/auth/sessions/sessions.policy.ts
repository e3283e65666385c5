// Which devices are new to a user. Pure.
import { sessionCounts } from '#config/auth.ts';
import type { KnownDevices } from './sessions.model.ts';

const dayMs = 86_400_000;

/**
 * Whether a device is new to its user, and the list as it is then; null where the list need not be written. The first
 * device of all is not news. Of too many the ones that were not seen for longest go.
 */
export function seeDevice(
  known: KnownDevices | null,
  userId: string,
  key: string,
  now: Date,
): { readonly isNew: boolean; readonly next: KnownDevices | null } {
  const before = known?.devices ?? [];
  const found = before.find((device) => device.key === key);
  if (found && now.getTime() - found.seenAt.getTime() < dayMs) {
    return { isNew: false, next: null };
  }
  const devices = [...before.filter((device) => device !== found), { key, seenAt: now }]
    .toSorted((one, other) => other.seenAt.getTime() - one.seenAt.getTime())
    .slice(0, sessionCounts.devices);
  return { isNew: known !== null && !found, next: { _id: userId, devices, rev: (known?.rev ?? -1) + 1 } };
}
