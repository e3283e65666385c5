// Text that strangers wrote, made safe inside XML. Called by svg.ts.

// Not allowed in XML 1.0 at all: controls, halves of surrogate pairs, two non-characters.
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
// Allowed, but they would turn the text around them: marks of direction, and invisible ones.
const misleading = /[\u{7F}-\u{9F}\u{200B}\u{200E}\u{200F}\u{2028}-\u{202E}\u{2060}-\u{206F}\u{FEFF}]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** One line of text that shows as it is: what cannot be shown becomes U+FFFD, what misleads is left out. */
export function plain(text: string): string {
  return text.replace(misleading, '').replace(forbidden, '\u{FFFD}').replace(/\s+/gu, ' ').trim();
}

/** Plain text for the content of an element or a quoted attribute. */
export function escaped(text: string): string {
  return plain(text).replace(/[&<>"']/gu, (character) => entities[character] ?? '');
}

/** An element. Attributes are escaped; `undefined` leaves one out; `content` is markup that is already safe. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...content: readonly string[]
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escaped(String(value))}"`)
    .join('');
  return content.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${content.join('')}</${name}>`;
}

/** A coordinate in at most two decimals. */
export function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
