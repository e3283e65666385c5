// Who plays a program on a machine over HTTP, whatever dies meanwhile, and knows what each ask must come to. Called by
// machine-chaos.ts; the players of tallies and of relays are tally-player.ts and relay-player.ts.
import assert from 'node:assert/strict';
import { call } from './fleet.ts';
import { insist, type Attempts, type Final } from './insist.ts';
import type { System } from './system.ts';

/** Where a program is played: `run` begins the ids of machines, `turn` tells one player from another. */
export interface Stage {
  readonly system: System;
  readonly attempts: Attempts;
  readonly run: string;
  readonly turn: number;
}

/** An instance as it is shown. */
export interface Standing {
  readonly value: unknown;
  readonly status: string;
  readonly undoing: number;
  readonly context: Readonly<Record<string, unknown>>;
}

/** A grant of XP. */
export interface LedgerRow extends Record<string, unknown> {
  readonly _id: string;
  readonly reason: string;
  readonly amount: number;
}

/** One program: asks one after another. */
export abstract class Player {
  readonly id: string;
  readonly stage: Stage;

  constructor(stage: Stage) {
    this.stage = stage;
    this.id = `${stage.run}-${stage.turn}`;
  }

  /** Plays the program; fails where an answer is another than the model's. */
  abstract play(): Promise<void>;

  /** For when all is settled: state, history and effects are what the model says. */
  abstract check(): Promise<void>;

  /** Each player's machines are about a person of their own. */
  get userId(): string {
    return this.stage.system.people[this.stage.turn] ?? assert.fail('there are fewer people than programs');
  }

  protected async make(type: string): Promise<void> {
    const body = { type, id: this.id, input: { userId: this.userId } };
    const made = await this.post('create', '/api/state-machines/create', body);
    assert.ok(isYes(made), `${this.id} was not made: ${JSON.stringify(made)}`);
  }

  protected async post(name: string, path: string, body: unknown): Promise<Final | undefined> {
    const { system, attempts, turn } = this.stage;
    const asking = { urls: () => system.urls(), token: system.token };
    return await insist(asking, attempts, { path, key: `${this.id}-${name}`, body }, turn);
  }

  protected async state(type: string, id: string): Promise<Standing> {
    const { system, turn } = this.stage;
    const urls = system.urls();
    const path = `/api/state-machines/${type}/${id}/state`;
    const reply = await call(urls[turn % urls.length] ?? '', 'GET', path, { token: system.token });
    assert.equal(reply.status, 200);
    return reply.body as Standing;
  }

  protected async intact(type: string, id: string): Promise<void> {
    const { system } = this.stage;
    const path = `/api/state-machines/${type}/${id}/verify`;
    const { body } = await call(system.url(0), 'GET', path, { token: system.token });
    assert.equal((body as { chain: string }).chain, 'intact', `${type} ${id}`);
  }

  /** All XP of the person, in the order it was written. */
  protected async ledger(): Promise<LedgerRow[]> {
    const rows = this.stage.system.db.collection<LedgerRow>('xp_ledger');
    return await rows.find({ userId: this.userId }, { hint: { $natural: 1 } }).toArray();
  }
}

/** True where what was asked for has happened. */
export function isYes(final: Final | undefined): boolean {
  return final !== undefined && (final.status === 'done' || (typeof final.status === 'number' && final.status < 300));
}
