// Inputs and outputs of the pictures of machines.
import { z } from 'zod';
import { pictureFormats } from '#src/platform/machines/pictures/pictures.ts';
import { instanceParams } from '../state-machine.schema.ts';

const format = z.enum(pictureFormats).default('svg');

/** `:type` of a path. */
export const typeParams = instanceParams.pick({ type: true });

/** `?format=&version=` of the picture of a definition; the newest version where none is named. */
export const chartQuery = z.strictObject({ format, version: z.coerce.number().int().min(1).max(1e6).optional() });

/** `?format=&at=` of the picture of an instance: where it stood after its step `at`, or stands now. */
export const pictureQuery = z.strictObject({ format, at: z.coerce.number().int().min(0).max(1e9).optional() });

/** The picture as an SVG. */
export const svgText = z.string();

/** The other formats, by media type. */
export const otherFormats = { 'text/plain': z.string(), 'application/json': z.looseObject({ type: z.string() }) };
