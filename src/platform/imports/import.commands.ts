// Writes of imports: begun by a request, done in steps by the owner of their shard, cancelled between two steps.
import { defineCommand, insert, put, type Command, type Reader, type State } from '../commands/command.ts';
import { Work } from '../commands/work.ts';
import type { ImportDefinition } from './definition.ts';
import { importFinished, importUnknown } from './import.errors.ts';
import { presentImport } from './import.presenter.ts';
import { beginInput, cancelInput, stepInput } from './import.schema.ts';
import type { BeginInput, CancelInput, StepInput } from './import.schema.ts';
import * as rows from './import.ts';
import { fittingLines, stepOf } from './step.ts';

const { Imports, ImportChunks } = rows;

/** The kind of the command that does a step. */
export const stepKind = 'operations.import.step';

/** Imports by name. */
export type ImportDefinitions = ReadonlyMap<string, ImportDefinition>;

const keyOf = ({ id }: { readonly id: string }): string => rows.importKey(id);

/** Begins the import of a file that is kept. The same file under the same Idempotency-Key is the same import. */
export const beginImport = defineCommand<BeginInput>({
  kind: 'operations.import.begin',
  pool: 'direct',
  input: beginInput,
  identity: ({ name, format, sha256 }) => ({ name, format, sha256 }),
  key: keyOf,
  load: async () => await Promise.resolve(),
  decide: (_state, { input, actor, requestId }, now) => {
    const { id, ...file } = input;
    const begun: rows.Import = {
      _id: id,
      ...file,
      state: 'running',
      cancelRequested: false,
      step: 0,
      inFlight: [],
      accepted: 0,
      refused: 0,
      startedBy: actor,
      requestId,
      shard: rows.importShard(id),
      startedAt: now,
      doneAt: null,
      expireAt: null,
      rev: 0,
    };
    const { name, lines } = begun;
    const place = { subject: rows.importKey(id), audience: [`user.${actor}`] };
    return {
      writes: [insert(Imports, begun)],
      events: [rows.importStarted.draft({ ...place, data: { id, name, lines } })],
      result: presentImport(begun, now),
    };
  },
});

/** Ends an import before its last line: what is in flight is done and counted. Codes: import.unknown, import.finished. */
export const cancelImport = defineCommand<CancelInput>({
  kind: 'operations.import.cancel',
  pool: 'operations',
  input: cancelInput,
  problems: [importUnknown, importFinished],
  key: keyOf,
  load: async (commands, reader) => {
    await reader.read(
      Imports,
      commands.map(({ input }) => input.id),
    );
  },
  decide: (state, { input }, now) => {
    const running = state.get(Imports, input.id);
    if (!running) {
      return importUnknown(`There is no import ${input.id}`);
    }
    if (running.state !== 'running') {
      return importFinished(`The import is ${running.state}`);
    }
    const after = { ...running, cancelRequested: true, rev: running.rev + 1 };
    return { writes: [put(Imports, after)], result: presentImport(after, now) };
  },
});

/** The chunk the next step takes; null where it takes none. */
function chunkOf(running: rows.Import): string | null {
  return running.cancelRequested || running.step >= running.chunks ? null : rows.chunkId(running._id, running.step);
}

async function loadStep(definitions: ImportDefinitions, running: rows.Import, reader: Reader): Promise<void> {
  const chunk = chunkOf(running);
  const lines = running.inFlight.map(({ place }) => rows.lineId(running._id, place));
  const [[found = null]] = await Promise.all([
    reader.read(ImportChunks, chunk === null ? [] : [chunk]),
    reader.read(Work, lines),
  ]);
  const definition = definitions.get(running.name);
  if (found && definition) {
    await definition.load(fittingLines(definition, running, found), reader);
  }
}

/** The command that does one step: rows for the next lines, outcomes of the last ones, progress, all at once. */
export function stepCommand(definitions: ImportDefinitions) {
  return defineCommand<StepInput>({
    kind: stepKind,
    pool: 'operations',
    input: stepInput,
    key: keyOf,
    load: async (commands, reader) => {
      const found = await reader.read(
        Imports,
        commands.map(({ input }) => input.id),
      );
      const running = found.filter((each) => each?.state === 'running').flatMap((each) => each ?? []);
      await Promise.all(running.map(async (each) => await loadStep(definitions, each, reader)));
    },
    decide: (state, command, now) => {
      const running = state.get(Imports, command.input.id);
      return running?.state === 'running' && running.step === command.input.step
        ? stepOf(definitionOf(definitions, running, command), running, chunkIn(state, running), state, now)
        : { result: { stale: true } };
    },
  });
}

function definitionOf(definitions: ImportDefinitions, { name }: rows.Import, command: Command): ImportDefinition {
  const definition = definitions.get(name);
  if (!definition) {
    throw new Error(`No service here takes the import ${name}, which ${command.id} is a step of`);
  }
  return definition;
}

function chunkIn(state: State, running: rows.Import): rows.ImportChunk | null {
  const id = chunkOf(running);
  const chunk = id === null ? null : state.get(ImportChunks, id);
  if (id !== null && chunk === null) {
    throw new Error(`The lines ${id} are gone`);
  }
  return chunk;
}
