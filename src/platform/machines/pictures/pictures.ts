// Pictures of charts: SVG, Mermaid, JSON, with one instance on them or without. The front of this folder; called by the
// routes of machines.
import { graphOf, type Charted } from './graph.ts';
import { layoutOf } from './layout.ts';
import { foundIn, type PictureMarks } from './marks.ts';
import { mermaidOf } from './mermaid.ts';
import { svgOf } from './svg.ts';

/** What a picture can be asked for as. */
export const pictureFormats = ['svg', 'mermaid', 'json'] as const;

/** One of `pictureFormats`. */
export type PictureFormat = (typeof pictureFormats)[number];

/** A picture to send: its media type and its text. */
export interface Picture {
  readonly type: string;
  readonly body: string;
}

/**
 * The picture of a chart, with the marks of one instance where they are given. The same input gives the same text.
 * Only `svg` is laid out: that is up to a second of a thread's time for a new chart, and a look into a cache afterwards.
 * Rejects with MachineFault where the chart is larger than `pictureLimits`, with PictureFault where its layout takes
 * too long or too many others wait for theirs. Send an SVG with `picturePolicy`.
 */
export async function pictureOf(
  definition: Charted,
  marks: PictureMarks | null,
  format: PictureFormat,
): Promise<Picture> {
  const graph = graphOf(definition);
  const found = marks ? foundIn(graph, marks) : null;
  switch (format) {
    case 'svg':
      return { type: 'image/svg+xml; charset=utf-8', body: svgOf(graph, await layoutOf(graph), found) };
    case 'mermaid':
      return { type: 'text/plain; charset=utf-8', body: mermaidOf(graph, found) };
    case 'json': {
      const shown = found && {
        lit: [...found.lit],
        visited: [...found.visited],
        taken: [...found.taken],
        timers: [...found.timers].map(([transition, timer]) => ({ transition, ...timer })),
        otherTimers: found.elsewhere,
        failed: [...found.failed].map(([state, names]) => ({ state: state || null, names })),
      };
      return { type: 'application/json; charset=utf-8', body: JSON.stringify({ ...graph, marks: shown }) };
    }
  }
}
