// The pages of the reference: the frame Swagger UI fills, and a plain list of events, messages and problems. No page has
// a script or a style of its own inside, so that both can be forbidden.
import { escaped } from '../http/html.ts';
import type { Explained } from './problems.ts';
import type { Json } from './schemas.ts';

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/page.css">
${head}</head>
<body>
<nav><b>SmartStart Brain</b>
<a href="/api/docs">Paths</a>
<a href="/api/docs/events">Events, sockets, problems</a>
<a href="/api/openapi.json">OpenAPI 3.1</a>
<a href="/api/asyncapi.json">AsyncAPI 3.0</a></nav>
${body}
</body>
</html>
`;
}

/** The page at `/api/docs`: a frame for Swagger UI. */
export const docsPage = page(
  'SmartStart Brain API',
  `<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<script src="/api/docs/swagger-ui-bundle.js" defer></script>
<script src="/api/docs/start.js" defer></script>
`,
  '<div id="swagger-ui"></div>',
);

/** Starts Swagger UI on that page. What is typed into its dialog stays in memory. */
export const startScript = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  filter: true,
  validatorUrl: null,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
});
`;

/** The look of both pages. */
export const styleSheet = `body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #222; }
nav { padding: 0.7em 1.2em; background: #1d2733; color: #fff; display: flex; flex-wrap: wrap; gap: 1.2em; }
nav a { color: #9fd0ff; }
main { max-width: 70em; margin: 0 auto; padding: 1em 1.2em 4em; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 0.3em 0.8em 0.3em 0; border-bottom: 1px solid #ddd; }
pre { background: #f4f5f7; padding: 0.8em; overflow-x: auto; font-size: 13px; }
`;

interface Message {
  readonly name: string;
  readonly title?: string;
  readonly summary: string;
  readonly payload: Json;
}

function messageSection(id: string, { title, name, summary, payload }: Message): string {
  return `<section id="${escaped(id)}"><h3>${escaped(title ?? name)}</h3>
<p>${escaped(summary)}</p>
<details><summary>Schema</summary><pre>${escaped(JSON.stringify(payload, null, 2))}</pre></details></section>`;
}

function problemRow({ code, status, title, advice, type }: Explained): string {
  return `<tr><td><a href="${escaped(type)}"><code>${escaped(code)}</code></a></td><td>${status}</td>
<td>${escaped(title)}</td><td>${escaped(advice)}</td></tr>`;
}

/** The page at `/api/docs/events`, from the AsyncAPI document and the catalogue of problems. */
export function eventsPage(asyncApi: Json, problems: readonly Explained[]): string {
  const { messages } = asyncApi['components'] as { messages: Record<string, Message> };
  const sections = Object.entries(messages).map(([id, message]) => ({
    // A single type is `event.<type>`, a family of them `events.<name>`: asyncapi.ts.
    isEvent: /^events?\./u.test(id),
    html: messageSection(id, message),
  }));
  const list = (isEvent: boolean): string =>
    sections
      .filter((section) => section.isEvent === isEvent)
      .map(({ html }) => html)
      .join('\n');
  return page(
    'Events, sockets and problems',
    '',
    `<main>
<h1>Events, sockets and problems</h1>
<h2>Events</h2>
<p>What happens, as CloudEvents 1.0: each is the message <code>event</code> on a socket, and an entry of its feeds.</p>
${list(true)}
<h2>Socket messages</h2>
${list(false)}
<h2>Problems</h2>
<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>What to do</th></tr></thead>
<tbody>${problems.map(problemRow).join('\n')}</tbody></table>
</main>`,
  );
}
