// How wide a text is without a browser at hand: widths of the widest of the usual sans-serif faces, so that boxes are
// roomy in the others. Called by boxes.ts.

/** Widths in em of printable ASCII, grouped and rounded up. */
const groups: readonly (readonly [em: number, characters: string])[] = [
  [0.3, "ijlI'"],
  [0.36, ' .,:;/\\|-'],
  [0.43, 'frt()[]!'],
  [0.56, 'csz"*_`?JF'],
  [0.65, 'abdeghknopquvxy0123456789${}KLPSTYZE'],
  [0.8, 'ABCDGHNOQRUVXw&'],
  [0.88, '#+<=>^~M'],
  [1, 'm%@W'],
];
const widths = new Map(groups.flatMap(([em, characters]) => Array.from(characters, (character) => [character, em])));

const boldness = 1.13;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A text in a size. `bold` is the weight 600. */
export interface Face {
  readonly size: number;
  readonly bold: boolean;
}

/** The room a text takes, in pixels, rounded up. */
export function widthOf(text: string, { size, bold }: Face): number {
  let em = 0;
  for (const { segment } of graphemes.segment(text)) {
    em += widths.get(segment) ?? (isLatin(segment) ? 0.85 : 1.25);
  }
  return Math.ceil(em * size * (bold ? boldness : 1));
}

/** True where `widthOf` is a guess: whoever draws the text makes it as wide as that. */
export function isGuess(text: string): boolean {
  return Array.from(text).some((character) => !isLatin(character) && character !== '…' && character !== '·');
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function fitted(text: string, most: number, face: Face): string {
  // What is far too long need not be measured letter by letter.
  const short = text.slice(0, 400);
  if (short.length === text.length && widthOf(text, face) <= most) {
    return text;
  }
  let kept = '';
  for (const { segment } of graphemes.segment(short)) {
    if (widthOf(`${kept}${segment}…`, face) > most) {
      break;
    }
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

function isLatin(character: string): boolean {
  return character.length === 1 && character.charCodeAt(0) < 0x250;
}
