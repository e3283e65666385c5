// Plays a program on a tally: machine-programs.ts.
import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { isYes, Player, type Stage } from './machine-player.ts';
import { after, fresh, rested, type Ask, type Expected } from './machine-programs.ts';

/** A tally of its own for one person. */
export class TallyPlayer extends Player {
  readonly #asks: readonly Ask[];
  #expected: Expected = fresh;

  constructor(stage: Stage, asks: readonly Ask[]) {
    super(stage);
    this.#asks = asks;
  }

  async play(): Promise<void> {
    await this.make('tally');
    for (const [index, ask] of this.#asks.entries()) {
      await this.#ask(ask, index);
    }
  }

  async #ask(ask: Ask, index: number): Promise<void> {
    if (this.#expected.state === 'resting' && ask.type !== 'ADD') {
      await this.#rest();
    }
    const next = after(this.#expected, ask);
    const final = await this.post(String(index), `/api/state-machines/tally/${this.id}/event`, ask);
    assert.equal(isYes(final), next !== null, `${this.id} ${index} ${ask.type}: ${JSON.stringify(final)}`);
    this.#expected = next ?? this.#expected;
  }

  /** An addition may come before the rest is over or behind it: the same comes of it. */
  async #rest(): Promise<void> {
    this.#expected = rested(this.#expected);
    const { rests } = this.#expected;
    await eventually(
      async () => assert.equal((await this.state('tally', this.id)).context['rests'], rests),
      30_000,
      100,
    );
  }

  /** State, history and effects are what the model says: each effect once, in order. */
  async check(): Promise<void> {
    const { state, total, added, rests } = this.#expected;
    const { value, context } = await this.state('tally', this.id);
    assert.deepEqual([value, context], [state, { userId: this.userId, total, adds: added.length, rests }], this.id);
    await this.intact('tally', this.id);
    assert.deepEqual(
      (await this.ledger()).map(({ reason, amount }) => [reason, amount]),
      added.map((n, index) => [String(index + 1), n]),
      `the effects of ${this.id}`,
    );
  }
}
