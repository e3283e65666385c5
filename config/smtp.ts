// Where mails go: SMTP_URL and MAIL_FROM, parsed. Read by env.ts; messages never hold what was given, since that may be a
// password.

/** A mail server and who mails come from. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** `implicit`: from the first byte · `starttls`: before anything is said · `off`: only where the URL says so. */
  readonly tls: 'implicit' | 'starttls' | 'off';
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: { readonly name: string; readonly address: string };
}

const ports = { implicit: 465, starttls: 587, off: 25 } as const;

const part = (text: string): string | undefined => (text === '' ? undefined : decodeURIComponent(text));

function senderOf(from: string): SmtpSettings['from'] | null {
  const found = /^(?:(?<name>[^<>\p{Cc}]*?)\s*<)?(?<address>[^\s<>@]+@[^\s<>@]+?)>?$/u.exec(from)?.groups;
  return found ? { name: found['name'] ?? '', address: found['address'] ?? '' } : null;
}

function tlsOf({ protocol, search }: URL): SmtpSettings['tls'] | null {
  if (search === '') {
    return protocol === 'smtps:' ? 'implicit' : 'starttls';
  }
  return protocol === 'smtp:' && search === '?tls=off' ? 'off' : null;
}

/** Parses both variables; a sentence, with the variable's name, where one is wrong. */
export function readSmtp(url: string, from: string | undefined): SmtpSettings | string {
  const sender = senderOf(from ?? '');
  if (!sender) {
    return 'MAIL_FROM: must be an address, or "Name <address>", where SMTP_URL is set';
  }
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const tls = parsed && tlsOf(parsed);
  if (!parsed || !tls || parsed.hostname === '') {
    return 'SMTP_URL: must be smtp://[user:password@]host[:port] or smtps://…; smtp://…?tls=off sends without TLS';
  }
  return {
    host: parsed.hostname.replaceAll(/^\[|\]$/gu, ''),
    port: parsed.port === '' ? ports[tls] : Number(parsed.port),
    tls,
    user: part(parsed.username),
    password: part(parsed.password),
    from: sender,
  };
}
