// Inputs and outputs of passkeys: the JSON forms of WebAuthn Level 3 (5.1.8 to 5.1.10), each member bounded.
import { z } from 'zod';
import { pageOf } from '#src/platform/http/cursor.ts';
import { act } from '../auth.schema.ts';

const bytes = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/u, 'base64url without padding');
const credentialId = bytes(1_400);
const transport = z.string().regex(/^[a-z-]{1,32}$/u, 'A transport of WebAuthn');
const attachment = z.enum(['platform', 'cross-platform']);
/** Whatever extensions say; nothing of it is used. */
const extensions = z.record(z.string().max(64), z.unknown());

/** What an authenticator answers to options for a new passkey. */
export const attestation = z.strictObject({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.strictObject({
    clientDataJSON: bytes(4_096),
    attestationObject: bytes(32_768),
    authenticatorData: bytes(8_192).optional(),
    transports: z.array(transport).max(16).optional(),
    publicKeyAlgorithm: z.int().min(-100_000).max(100_000).optional(),
    publicKey: bytes(8_192).optional(),
  }),
  authenticatorAttachment: attachment.nullish(),
  clientExtensionResults: extensions,
});

/** What an authenticator answers to a challenge. */
export const assertion = z.strictObject({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.strictObject({
    clientDataJSON: bytes(4_096),
    authenticatorData: bytes(8_192),
    signature: bytes(8_192),
    userHandle: bytes(128).nullish(),
  }),
  authenticatorAttachment: attachment.nullish(),
  clientExtensionResults: extensions,
});
export type Attestation = z.output<typeof attestation>;
export type Assertion = z.output<typeof assertion>;

const passkeyName = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'May hold no control characters');

/** `POST /api/auth/passkeys`. */
export const addPasskeyBody = z.strictObject({ name: passkeyName, response: attestation });

/** `POST /api/auth/passkeys/login`. */
export const passkeyLogin = z.strictObject({ response: assertion });

/** `/api/auth/passkeys/:id`. */
export const passkeyParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{64}$/u, 'Not the id of a passkey') });

/** `PATCH /api/auth/passkeys/:id`. */
export const renamePasskeyBody = z.strictObject({ name: passkeyName });

/** Options as a browser takes them (`PublicKeyCredential.parse…OptionsFromJSON`). */
export const webauthnOptions = z
  .looseObject({ challenge: z.string() })
  .describe('PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON of WebAuthn Level 3');

/** A passkey as its owner sees it. */
export const passkeyView = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    synced: z.boolean(),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Passkey' });

/** All passkeys of an account. */
export const passkeyPage = pageOf(passkeyView);

/** Inputs of the commands of this area. */
export const inputs = {
  add: z.strictObject({
    act,
    id: z.string(),
    credentialId,
    publicKey: bytes(8_192),
    counter: z.int().min(0),
    transports: z.array(transport).max(16),
    name: passkeyName,
    synced: z.boolean(),
    others: z.int().min(0),
  }),
  use: z.strictObject({ act, id: z.string(), counter: z.int().min(0) }),
  rename: z.strictObject({ userId: z.string(), id: z.string(), name: passkeyName }),
  remove: z.strictObject({ act, id: z.string() }),
};
