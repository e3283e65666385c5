// A mail server in the test process that keeps what it takes, and misbehaves as told. Called by test/integration/mail and
// test/e2e.
import type { AddressInfo } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/** A mail that arrived. */
export interface Arrived {
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly raw: string;
  readonly parsed: ParsedMail;
}

/** What the server does with a mail after its last byte: takes it, or says no with a code. */
export type Reply = { readonly code: number; readonly message: string } | undefined;

/** A mail server. */
export interface Sink {
  readonly url: string;
  readonly port: number;
  readonly arrived: Arrived[];
  /** Connections that were opened. */
  readonly connections: { count: number };
  /** Asked for each mail before it is kept. It may take its time. */
  onMail: (mail: Arrived) => Promise<Reply> | Reply;
  /** Asked for each receiver. */
  onReceiver: (address: string) => Promise<Reply> | Reply;
  /** Closes the door and every connection. */
  close(): Promise<void>;
}

/** Starts a mail server without TLS, on a free port unless one is named. `login`: the only one that is taken. */
export async function startSink(
  options: { readonly port?: number; readonly login?: { user: string; password: string } } = {},
): Promise<Sink> {
  const { login } = options;
  const connections = { count: 0 };
  const refusalOf = (reply: Reply): Error | null =>
    reply ? Object.assign(new Error(reply.message), { responseCode: reply.code }) : null;
  const server = new SMTPServer({
    disabledCommands: login ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
    allowInsecureAuth: true,
    authOptional: !login,
    logger: false,
    // Clients keep their connections: whoever closes does not wait for them.
    closeTimeout: 10,
    onConnect: (_session, callback) => {
      connections.count += 1;
      callback();
    },
    onAuth: ({ username, password }, _session, callback) =>
      username === login?.user && password === login?.password
        ? callback(null, { user: username })
        : callback(new Error('Invalid login'), undefined),
    onRcptTo: ({ address }, _session, callback) =>
      void Promise.resolve(sink.onReceiver(address)).then((reply) => callback(refusalOf(reply))),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => void take(Buffer.concat(chunks), session).then(callback));
    },
  });
  const take = async (bytes: Buffer, session: SMTPServerSession): Promise<Error | null> => {
    const { mailFrom, rcptTo } = session.envelope;
    const arrived = {
      envelope: { from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address) },
      raw: bytes.toString(),
      parsed: await simpleParser(bytes),
    };
    const reply = await sink.onMail(arrived);
    if (!reply) {
      sink.arrived.push(arrived);
    }
    return refusalOf(reply);
  };
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const sink: Sink = {
    port,
    url: `smtp://127.0.0.1:${port}?tls=off`,
    arrived: [],
    connections,
    onMail: () => undefined,
    onReceiver: () => undefined,
    close: async () => await new Promise((resolve) => server.close(() => resolve())),
  };
  return sink;
}
