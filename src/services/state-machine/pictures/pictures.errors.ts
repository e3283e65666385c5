// What pictures of machines say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** The chart has more states or transitions than can be drawn. */
export const chartTooLarge = defineProblem(
  'state-machine.chart-too-large',
  422,
  'The chart is too large for a picture',
);

/** The layout took too long, or too many others are being made. */
export const notDrawn = defineProblem('state-machine.not-drawn', 503, 'The picture could not be drawn now');

/** The instance has not taken so many steps. */
export const stepUnknown = defineProblem('state-machine.step-unknown', 404, 'There is no such step');
