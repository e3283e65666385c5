// Plays a program on a relay and its stints: relay-programs.ts.
import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { isYes, Player, type Stage } from './machine-player.ts';
import { afterAsk, endedSo, freshRelay, grantsOf, type ExpectedRelay, type RelayAsk } from './relay-programs.ts';

const toStint = (ask: RelayAsk): boolean => ask.type === 'STEP' || ask.type === 'QUIT';

/** A relay of its own for one person. */
export class RelayPlayer extends Player {
  readonly #asks: readonly RelayAsk[];
  #expected: ExpectedRelay = freshRelay;

  constructor(stage: Stage, asks: readonly RelayAsk[]) {
    super(stage);
    this.#asks = asks;
  }

  async play(): Promise<void> {
    await this.make('relay');
    for (const [index, ask] of this.#asks.entries()) {
      // What passes between the two takes its time; whoever asks before it has come may hear either answer.
      await eventually(async () => await (toStint(ask) ? this.#stintStands() : this.#relayStands()), 30_000, 50);
      const next = afterAsk(this.#expected, ask);
      const final = await this.#send(ask, String(index));
      assert.equal(isYes(final), next !== null, `${this.id} ${index} ${ask.type}: ${JSON.stringify(final)}`);
      this.#expected = next ?? this.#expected;
    }
  }

  async #send(ask: RelayAsk, name: string) {
    const whole = toStint(ask) ? `stint/${this.#stintId(this.#newest)}` : `relay/${this.id}`;
    return ask.type === 'QUIT' || ask.type === 'CANCEL'
      ? await this.post(name, `/api/state-machines/${whole}/cancel`, {})
      : await this.post(name, `/api/state-machines/${whole}/event`, ask);
  }

  /** The number of the newest stint; of one that is not made yet where there is none. */
  get #newest(): number {
    return Math.max(1, this.#expected.stints.length);
  }

  #stintId(life: number): string {
    return `relay.${this.id}.leg.${life}`;
  }

  async #stintStands(): Promise<void> {
    const newest = this.#expected.stints.at(-1);
    if (newest) {
      const { status } = await this.state('stint', this.#stintId(this.#newest));
      assert.equal(status === 'active', newest.end === 'none', `the newest stint of ${this.id} is ${status}`);
    }
  }

  async #relayStands(): Promise<void> {
    const { value, cancelled, stints } = this.#expected;
    const { context, ...standing } = await this.state('relay', this.id);
    const status = cancelled ? 'stopped' : value === 'closed' ? 'done' : 'active';
    const laps = endedSo(this.#expected, 'over').length;
    assert.deepEqual(
      [standing.value, standing.status, context['starts'], context['laps'], context['failed']],
      [value, status, stints.length, laps, endedSo(this.#expected, 'quit').length],
      this.id,
    );
  }

  /** State, histories and effects are what the model says: each effect once, undone where it must be, in its order. */
  async check(): Promise<void> {
    await this.#relayStands();
    await this.intact('relay', this.id);
    assert.equal((await this.state('relay', this.id)).undoing, 0);
    for (const [index, { steps, end }] of this.#expected.stints.entries()) {
      const id = this.#stintId(index + 1);
      const { status, undoing, context } = await this.state('stint', id);
      assert.deepEqual([status, undoing, context['steps']], [end === 'over' ? 'done' : 'stopped', 0, steps.length], id);
      await this.intact('stint', id);
    }
    const rows = (await this.ledger()).map(({ reason, amount }) => [reason, amount] as const);
    const expected = grantsOf(this.#expected);
    const machineOf = (reason: string): string => /(?:lap|step \d+)/u.exec(reason)?.[0] ?? reason;
    for (const grants of expected.filter(({ length }) => length > 0)) {
      const machine = machineOf(grants[0]?.[0] ?? '');
      assert.deepEqual(
        rows.filter(([reason]) => machineOf(reason) === machine),
        grants,
        `the effects of ${machine} of ${this.id}`,
      );
    }
    assert.equal(rows.length, expected.flat().length, `the effects of ${this.id}`);
  }
}
