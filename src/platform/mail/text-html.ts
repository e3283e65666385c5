// Plain text as HTML, for mails and for the inbox page: escaped, with its addresses as links. Nothing else becomes markup.
import { escaped } from '../http/html.ts';

const links = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/gu;

/** The text as it stands, line breaks kept by the style around it, addresses clickable. */
export function linked(text: string): string {
  let html = '';
  let at = 0;
  for (const { 0: url, index } of text.matchAll(links)) {
    html += `${escaped(text.slice(at, index))}<a href="${escaped(url)}" rel="noreferrer">${escaped(url)}</a>`;
    at = index + url.length;
  }
  return html + escaped(text.slice(at));
}

/** A mail's HTML part, made from its text. */
export function textAsHtml(text: string): string {
  return `<!doctype html><html><body><div style="white-space:pre-wrap;font:16px/1.5 sans-serif">${linked(text)}</div></body></html>`;
}
