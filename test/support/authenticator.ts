// An authenticator in a few lines: P-256, CBOR and the flags as WebAuthn Level 3 (6.1, 6.5) lays them out, and it lies
// when a test tells it to.
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

function head(major: number, value: number): Buffer {
  if (value < 24) {
    return Buffer.from([(major << 5) | value]);
  }
  return value < 256
    ? Buffer.from([(major << 5) | 24, value])
    : Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
}

type Cbor = number | string | Buffer | Map<number | string, Cbor>;

/** CBOR (RFC 8949) of the few types an authenticator needs. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') {
    return value < 0 ? head(1, -1 - value) : head(0, value);
  }
  if (typeof value === 'string') {
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  }
  if (Buffer.isBuffer(value)) {
    return Buffer.concat([head(2, value.length), value]);
  }
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([name, each]) => [cbor(name), cbor(each)])]);
}

const digest = (data: Buffer | string): Buffer => createHash('sha256').update(data).digest();
const text = (data: Buffer | string): string => Buffer.from(data).toString('base64url');

/** What a test may have it say otherwise. */
export interface Lies {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly userHandle?: string;
  readonly type?: string;
}

/** Options as the server gives them, as far as an authenticator reads them. */
export interface Options {
  readonly challenge: string;
  readonly rpId?: string;
  readonly rp?: { readonly id: string };
  readonly user?: { readonly id: string };
}

/** One passkey in one device. `verifies`: it asks for a finger or a PIN. */
export class Authenticator {
  readonly id = randomBytes(32);
  counter = 0;
  private userHandle: string | undefined;
  private readonly key: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  });

  private readonly origin: string;
  private readonly verifies: boolean;

  constructor(origin: string, verifies = true) {
    this.origin = origin;
    this.verifies = verifies;
  }

  private clientData(type: string, { challenge }: Options, lies: Lies): Buffer {
    const said = {
      type: lies.type ?? type,
      challenge: lies.challenge ?? challenge,
      origin: lies.origin ?? this.origin,
    };
    return Buffer.from(JSON.stringify({ ...said, crossOrigin: false }));
  }

  private authData(rpId: string, flags: number, more: Buffer = Buffer.alloc(0)): Buffer {
    const counted = Buffer.alloc(4);
    counted.writeUInt32BE(this.counter);
    return Buffer.concat([digest(rpId), Buffer.from([flags | 1 | (this.verifies ? 4 : 0)]), counted, more]);
  }

  private wrap(response: Record<string, unknown>): Record<string, unknown> {
    const id = text(this.id);
    return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} };
  }

  /** Answers options for a new passkey. */
  create(options: Options, lies: Lies = {}): Record<string, unknown> {
    this.userHandle = options.user?.id;
    const jwk = this.key.publicKey.export({ format: 'jwk' });
    const cose = cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(String(jwk.x), 'base64url')],
        [-3, Buffer.from(String(jwk.y), 'base64url')],
      ]),
    );
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, cose]);
    const authData = this.authData(lies.rpId ?? options.rp?.id ?? '', 0x40, credential);
    const attestation = new Map<string, Cbor>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    const clientDataJSON = text(this.clientData('webauthn.create', options, lies));
    return this.wrap({ clientDataJSON, attestationObject: text(cbor(attestation)), transports: ['internal'] });
  }

  /** Answers a challenge. */
  get(options: Options, lies: Lies = {}): Record<string, unknown> {
    this.counter += 1;
    const clientData = this.clientData('webauthn.get', options, lies);
    const authenticatorData = this.authData(lies.rpId ?? options.rpId ?? '', 0);
    const signature = sign('sha256', Buffer.concat([authenticatorData, digest(clientData)]), this.key.privateKey);
    return this.wrap({
      clientDataJSON: text(clientData),
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: lies.userHandle ?? this.userHandle,
    });
  }
}
