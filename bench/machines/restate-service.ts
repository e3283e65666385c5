// The turnstile as a virtual object of Restate. Run by Node 22, which strips the types, with the packages of the benchmark's
// cache: restate-service.ts <cache> <port>
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { standingFirst, turned, type Standing } from './chart.ts';

interface ObjectContext {
  get<Value>(name: string): Promise<Value | null>;
  set(name: string, value: unknown): void;
}

/** The part of Restate's SDK that is used here. */
interface Sdk {
  readonly object: (definition: {
    name: string;
    handlers: Record<string, (ctx: ObjectContext) => Promise<unknown>>;
  }) => unknown;
  readonly serve: (options: { services: readonly unknown[]; port: number }) => Promise<number>;
}

interface Kept extends Standing {
  readonly seq: number;
}

const [cache = '', port] = process.argv.slice(2);
const path = createRequire(join(cache, 'package.json')).resolve('@restatedev/restate-sdk');
const { object, serve } = (await import(pathToFileURL(path).href)) as Sdk;

const turnstile = object({
  name: 'turnstile',
  handlers: {
    turn: async (ctx) => {
      const before = (await ctx.get<Kept>('machine')) ?? { ...standingFirst, seq: 0 };
      const after = { ...turned(before), seq: before.seq + 1 };
      ctx.set('machine', after);
      return after;
    },
    read: async (ctx) => (await ctx.get<Kept>('machine')) ?? { ...standingFirst, seq: 0 },
  },
});

await serve({ services: [turnstile], port: Number(port) });
process.send?.({ type: 'ready' });
