// What a person sees: lines, and below them one line of progress that is written over on a terminal and repeated every
// 2 s elsewhere. Called by main.ts, run.ts and report.ts.

/** A place to write to; colours where it is a terminal that has them. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
  write(text: string): unknown;
}

/** How a line looks. */
export type Style = 'plain' | 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

const codes: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\u{1B}[1m',
  dim: '\u{1B}[2m',
  green: '\u{1B}[32m',
  yellow: '\u{1B}[33m',
  red: '\u{1B}[31m',
  cyan: '\u{1B}[36m',
};
const clearLine = '\r\u{1B}[2K';
/** How often the line of progress is said again where it cannot be written over. */
const plainEveryMs = 2_000;

/** Lines and progress on one output. */
export class Screen {
  readonly #output: Output;
  readonly #colours: boolean;
  #progress = '';
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(output: Output) {
    this.#output = output;
    this.#colours = output.isTTY === true && (output.hasColors?.() ?? false);
  }

  /** The text in a style, where there are colours. */
  styled(text: string, style: Style): string {
    return this.#colours && style !== 'plain' ? `${codes[style]}${text}\u{1B}[0m` : text;
  }

  /** Writes a line above the progress. */
  line(text = '', style: Style = 'plain'): void {
    if (this.#output.isTTY === true) {
      this.#output.write(`${clearLine}${this.styled(text, style)}\n${this.#progress}`);
    } else {
      this.#output.write(`${text}\n`);
    }
  }

  /** Sets the line of progress. */
  progress(text: string): void {
    if (this.#output.isTTY === true) {
      // A line that wraps could not be written over.
      this.#progress = text.slice(0, (this.#output.columns || 80) - 1);
      this.#output.write(`${clearLine}${this.#progress}`);
    } else if (performance.now() - this.#saidAt >= plainEveryMs) {
      this.#saidAt = performance.now();
      this.#output.write(`${text}\n`);
    }
  }

  /** Leaves the last line of progress standing as a line. */
  endProgress(text: string): void {
    this.#progress = '';
    this.#saidAt = Number.NEGATIVE_INFINITY;
    this.line(text);
  }
}
