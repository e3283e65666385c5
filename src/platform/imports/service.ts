// Imports, put together for the roots: what can be imported is what the services of this process offer for it.
import type { Service } from '../registry.ts';
import { beginImport, cancelImport, stepCommand } from './import.commands.ts';
import { importRoutes } from './import.routes.ts';

/** Imports in the shape of a service. A name that two services take throws. */
export function importsOver(services: readonly Service[]): Service {
  const offered = services.flatMap((service) => service.imports ?? []);
  const definitions = new Map(offered.map((definition) => [definition.name, definition]));
  if (definitions.size !== offered.length) {
    throw new Error('Two services take an import of the same name');
  }
  return {
    name: 'imports',
    routes: importRoutes(definitions),
    commands: [beginImport, cancelImport, stepCommand(definitions)],
  };
}
