// Texts inside pages this system makes itself. Used by the admin pages and the reference.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML shows it, in an element or in a quoted attribute. */
export function escaped(text: unknown): string {
  return String(text).replaceAll(/[&<>"']/gu, (character) => entities[character] ?? '');
}
