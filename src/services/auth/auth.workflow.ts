// Who acts on their own account. Called by every area of this service.
import type { AccountView } from '#src/services/user/index.ts';
import type { Act } from './auth.schema.ts';

/** Where a request came from. */
interface Peer {
  readonly ip: string;
  header(name: string): string | undefined;
}

/** Who does something about their own account, and from where. */
export function actOf(
  { id, email, name }: Pick<AccountView, 'id' | 'email' | 'name'>,
  peer: Peer,
  sessionId = '',
): Act {
  const userAgent = (peer.header('user-agent') ?? '').slice(0, 256);
  return { userId: id, email, name, ip: peer.ip.slice(0, 64), userAgent, sessionId };
}
