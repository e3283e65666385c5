// The HTTP paths of the pictures of machines.
import { defineRoute, type RouteAnswer } from '#src/platform/http/route.ts';
import type { Picture } from '#src/platform/machines/pictures/pictures.ts';
import { picturePolicy } from '#src/platform/machines/pictures/theme.ts';
import { notRunnable } from '../definitions/definitions.errors.ts';
import { instanceUnknown, typeUnknown } from '../state-machine.errors.ts';
import { instanceParams } from '../state-machine.schema.ts';
import { chartTooLarge, notDrawn, stepUnknown } from './pictures.errors.ts';
import { pictureOfInstance, pictureOfType } from './pictures.queries.ts';
import { chartQuery, otherFormats, pictureQuery, svgText, typeParams } from './pictures.schema.ts';

const shape = {
  output: svgText,
  produces: 'image/svg+xml',
  alsoProduces: otherFormats,
  givesHeaders: { 'Content-Security-Policy': 'What the picture may load: its own style sheet, by digest' },
} as const;

/** Routes of this area. */
export const routes = [
  defineRoute({
    ...shape,
    method: 'get',
    path: '/api/state-machines/definitions/:type/diagram.svg',
    summary: 'A machine as a picture: SVG, or format=mermaid or json',
    auth: 'user',
    scope: 'visible',
    params: typeParams,
    query: chartQuery,
    problems: [typeUnknown, notRunnable, chartTooLarge, notDrawn],
    handle: async ({ params: { type }, query, caller }) => sent(await pictureOfType(caller, type, query)),
  }),
  defineRoute({
    ...shape,
    method: 'get',
    path: '/api/state-machines/:type/:id/diagram.svg',
    summary: 'A machine as a picture, with where it stands, or stood at a step, its way and its timers',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    query: pictureQuery,
    problems: [instanceUnknown, notRunnable, stepUnknown, chartTooLarge, notDrawn],
    handle: async ({ params, query, caller }) => sent(await pictureOfInstance(caller, params, query)),
  }),
];

function sent({ type, body }: Picture): RouteAnswer {
  return { status: 200, type, body, headers: { 'Content-Security-Policy': picturePolicy } };
}
