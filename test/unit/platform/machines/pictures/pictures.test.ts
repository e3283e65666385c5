// Pictures of charts: nothing overlaps, words stay inside, what is lit is where the instance stands, names are harmless.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { createMachine, setup, type AnyStateMachine } from 'xstate';
import { boxOf, labelOf, nameFace } from '#src/platform/machines/pictures/boxes.ts';
import { graphOf, pictureLimits, statesOf, type GraphState } from '#src/platform/machines/pictures/graph.ts';
import { layoutOf, type Layout, type Rect } from '#src/platform/machines/pictures/layout.ts';
import type { PictureMarks } from '#src/platform/machines/pictures/marks.ts';
import { trailOf } from '#src/platform/machines/pictures/trail.ts';
import { widthOf } from '#src/platform/machines/pictures/measure.ts';
import { pictureOf } from '#src/platform/machines/pictures/pictures.ts';
import type { StateValue } from '#src/platform/machines/kernel.ts';
import type { Charted } from '#src/platform/machines/pictures/graph.ts';
import { toEnd } from '../../../../support/pieces.ts';

const charted = (machine: AnyStateMachine): Charted => ({ type: 'order', version: 2, machine });
const now = new Date('2026-01-01T00:00:00Z');

const none: Omit<PictureMarks, 'value'> = { visited: [], taken: [], timers: [], failed: [], now };

const order = charted(
  setup({ guards: { complete: () => true }, delays: { patience: 3 * 86_400_000 } }).createMachine({
    id: 'order',
    initial: 'draft',
    on: { CANCEL: '.cancelled' },
    states: {
      draft: { on: { SEND: 'open' } },
      open: {
        type: 'parallel',
        onDone: 'done',
        after: { patience: 'expired' },
        states: {
          signing: {
            initial: 'waiting',
            states: {
              waiting: { on: { SIGN: 'checking' } },
              checking: { always: [{ target: 'all', guard: 'complete' }, { target: 'waiting' }] },
              all: { type: 'final' },
            },
          },
          payment: {
            initial: 'owed',
            states: { owed: { on: { PAY: 'paid' } }, paid: { type: 'final' }, back: { type: 'history' } },
          },
        },
      },
      paused: { on: { RESUME: 'open.payment.back' } },
      done: { type: 'final' },
      expired: { on: { REOPEN: { target: 'expired', reenter: true } } },
      cancelled: { type: 'final' },
    },
  }),
);

const right = ({ x, width }: Rect): number => x + width;
const bottom = ({ y, height }: Rect): number => y + height;
const apart = (a: Rect, b: Rect): boolean =>
  right(a) <= b.x + 0.01 || right(b) <= a.x + 0.01 || bottom(a) <= b.y + 0.01 || bottom(b) <= a.y + 0.01;
const holds = (outer: Rect, inner: Rect): boolean =>
  inner.x >= outer.x - 0.01 &&
  inner.y >= outer.y - 0.01 &&
  right(inner) <= right(outer) + 0.01 &&
  bottom(inner) <= bottom(outer) + 0.01;

function rectOf(layout: Layout, state: GraphState): Rect {
  const rect = layout.states.get(state.id);
  assert.ok(rect, state.id);
  return rect;
}

function headOf(layout: Layout, state: GraphState): Rect {
  const { x, y, width } = rectOf(layout, state);
  return { x, y, width, height: state.kind === 'history' ? 30 : boxOf(state).height };
}

/** Every overlap of a picture in a sentence. */
async function overlaps(definition: Charted): Promise<string[]> {
  const graph = graphOf(definition);
  const layout = await layoutOf(graph);
  const wrong: string[] = [];
  const states = statesOf(graph.root);
  const whole = { x: 0, y: 0, width: layout.width, height: layout.height };
  for (const state of states) {
    const rect = rectOf(layout, state);
    state.states.forEach((child, index) => {
      const inner = rectOf(layout, child);
      if (!holds(rect, inner) || !apart(headOf(layout, state), inner)) {
        wrong.push(`${child.id} is not inside ${state.id}, below its head`);
      }
      for (const other of state.states.slice(index + 1)) {
        if (!apart(inner, rectOf(layout, other))) {
          wrong.push(`${child.id} overlaps ${other.id}`);
        }
      }
    });
    if (state.kind !== 'history' && boxOf(state).width > rect.width + 0.01) {
      wrong.push(`the words of ${state.id} are wider than its box`);
    }
  }
  const labels = [...layout.labels];
  labels.forEach(([id, label], index) => {
    if (!holds(whole, label)) {
      wrong.push(`the words of ${id} leave the picture`);
    }
    wrong.push(
      ...states.filter((state) => !apart(label, headOf(layout, state))).map((state) => `${id} covers ${state.id}`),
      ...labels.slice(index + 1).flatMap(([other, rect]) => (apart(label, rect) ? [] : [`${id} covers ${other}`])),
    );
  });
  assert.equal(labels.length, graph.transitions.length);
  return wrong;
}

interface Node {
  readonly type?: 'parallel' | 'final';
  readonly initial?: string;
  readonly states?: Record<string, Node>;
  on?: Record<string, unknown>;
}

/** Charts of all shapes: nested, parallel, with arrows from anywhere to anywhere. */
const charts = fc
  .record({
    shape: fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom({}, {}, { type: 'final' }),
        fc.record({ parallel: fc.boolean(), inner: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }),
      ),
    })).node,
    arrows: fc.array(
      fc.record({ from: fc.nat(50), to: fc.nat(50), event: fc.string({ minLength: 1, maxLength: 30 }) }),
      {
        maxLength: 8,
      },
    ),
  })
  .map(({ shape, arrows }) => {
    const all: { id: string; node: Node & { id: string } }[] = [];
    const build = (made: unknown): Node => {
      const id = `s${all.length}`;
      const { parallel, inner } = made as { parallel?: boolean; inner?: unknown[] };
      const node: Record<string, unknown> = { ...(inner ? {} : (made as object)), id };
      all.push({ id, node: node as never });
      if (inner) {
        const states = inner.map((child) => [`c${all.length}`, build(child)] as const);
        Object.assign(node, { states: Object.fromEntries(states) });
        Object.assign(node, parallel ? { type: 'parallel' } : { initial: states[0]?.[0] });
      }
      return node as Node;
    };
    const root = build({ parallel: false, inner: [shape] });
    for (const { from, to, event } of arrows) {
      const source = all[from % all.length];
      if (source && source.node.type !== 'final') {
        source.node.on = { ...source.node.on, [event]: { target: `#s${to % all.length}`, reenter: true } };
      }
    }
    return charted(createMachine(root as never) as unknown as AnyStateMachine);
  });

function litIn(svg: string): string[] {
  return [...svg.matchAll(/class="state [^"]*\blit\b[^"]*" data-state="([^"]*)"/gu)].map(([, id]) => id ?? '');
}

describe('pictures of charts', function () {
  this.timeout(20_000);

  it('let nothing overlap on a nested and parallel chart', async () => {
    assert.deepEqual(await overlaps(order), []);
  });

  it('let nothing overlap on charts of any shape', async () => {
    await fc.assert(
      fc.asyncProperty(charts, async (chart) => assert.deepEqual(await overlaps(chart), [])),
      { numRuns: 40 },
    );
  });

  it('let nothing overlap on a large chart, which is laid out less carefully', async () => {
    const states = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `s${index}`,
        { on: { NEXT: `s${(index + 1) % 30}`, BACK: `s${(index * 7) % 30}` } },
      ]),
    );
    assert.deepEqual(
      await overlaps(charted(createMachine({ initial: 's0', states }) as unknown as AnyStateMachine)),
      [],
    );
  });

  it('light exactly the states of the value, and mark the way, the timer and the failure', async () => {
    const to = { open: { signing: 'waiting', payment: 'paid' } };
    const steps = [
      { event: 'create', to: 'draft' },
      { event: 'SEND', to: { open: { signing: 'waiting', payment: 'owed' } } },
      { event: 'PAY', to },
    ];
    const trail = toEnd(trailOf(order, steps));
    assert.deepEqual(trail.taken, [
      { from: 'order.draft', to: 'order.open', event: 'SEND' },
      { from: 'order.open.payment.owed', to: 'order.open.payment.paid', event: 'PAY' },
    ]);
    const timers = [{ name: 'after.patience.order.open', dueAt: new Date(now.getTime() + 90 * 60_000) }];
    const failed = [{ name: 'charge', state: 'open.payment' }];
    const { body } = await pictureOf(order, { ...none, value: to, ...trail, timers, failed }, 'svg');
    assert.deepEqual(litIn(body).toSorted(), [
      'order',
      'order.open',
      'order.open.payment',
      'order.open.payment.paid',
      'order.open.signing',
      'order.open.signing.waiting',
    ]);
    assert.ok(body.includes('1 h 30 min left'));
    assert.ok(body.includes('failed at order.open.payment: charge'));
    assert.equal([...body.matchAll(/class="edge event taken" data-transition/gu)].length, 2);
  });

  it('finds the way through states an instance only passed', () => {
    const steps = [
      { event: 'create', to: { open: { signing: 'waiting', payment: 'owed' } } },
      { event: 'SIGN', to: { open: { signing: 'all', payment: 'owed' } } },
    ];
    const { taken } = toEnd(trailOf(order, steps));
    assert.deepEqual(
      taken.map(({ to }) => to),
      ['order.open.signing.checking', 'order.open.signing.all'],
    );
  });

  it('find a long way without a look at the whole chart for each step', () => {
    const regions = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        `r${index}`,
        { initial: 'off', states: { off: { on: { FLIP: 'on' } }, on: { on: { FLIP: 'off' } } } },
      ]),
    );
    const lamps = charted(
      createMachine({ id: 'lamps', type: 'parallel', states: regions }) as unknown as AnyStateMachine,
    );
    const graph = graphOf(lamps);
    const { root, transitions } = graph;
    let looks = 0;
    const counted = { get: () => ((looks += 1), transitions) };
    Object.defineProperties(graph, { transitions: counted, root: { get: () => ((looks += 1), root) } });
    const at = (state: string): StateValue => Object.fromEntries(Object.keys(regions).map((region) => [region, state]));
    const steps = Array.from({ length: 2_000 }, (_, index) => ({
      event: 'FLIP',
      to: at(index % 2 === 0 ? 'off' : 'on'),
    }));
    assert.equal(toEnd(trailOf(lamps, steps)).taken.length, 80);
    assert.ok(looks < 10, `${looks} looks`);
  });

  it('are well-formed and harmless whatever names say', async () => {
    const hostile = `</text><script>alert(1)</script>"'&\u0000\u202E\uD800 onload=x`;
    const machine = createMachine({
      id: hostile,
      initial: 'a',
      states: { a: { id: hostile + 1, on: { [hostile]: 'b' }, description: hostile, tags: [hostile] }, b: {} },
    });
    const chart = { type: hostile, version: 1, machine: machine as unknown as AnyStateMachine };
    const failed = [{ name: hostile }];
    const { body } = await pictureOf(chart, { ...none, value: 'a', failed }, 'svg');
    assert.equal(XMLValidator.validate(body), true);
    assert.doesNotMatch(body, /<script|<image|<use|<foreignObject|\son\w+="|href|url\(/iu);
    assert.ok(new XMLParser({ ignoreAttributes: false }).parse(body).svg);
    const mermaid = (await pictureOf(chart, null, 'mermaid')).body;
    assert.doesNotMatch(mermaid, /[<"']script|alert\(1\)<|%%\{/u);
  });

  it('are the same for the same input, in every format', async () => {
    for (const format of ['svg', 'mermaid', 'json'] as const) {
      const fresh = charted(order.machine.provide({}) as AnyStateMachine);
      const [one, two] = [await pictureOf(order, null, format), await pictureOf(fresh, null, format)];
      assert.equal(one.body, two.body);
    }
    assert.ok(JSON.parse((await pictureOf(order, null, 'json')).body).transitions.length > 5);
  });

  it('cuts long names to their box and refuses charts beyond measure', () => {
    const long = createMachine({ initial: 'a', states: { a: { on: { ['E'.repeat(9_000)]: 'b' } }, b: {} } });
    const [edge] = graphOf(charted(long as unknown as AnyStateMachine)).transitions;
    assert.ok(edge && labelOf(edge).width < 250);
    assert.ok(widthOf('WWW', nameFace) > widthOf('iii', nameFace));
    const states = Object.fromEntries(Array.from({ length: pictureLimits.states }, (_, index) => [`s${index}`, {}]));
    const huge = createMachine({ initial: 's0', states }) as unknown as AnyStateMachine;
    assert.throws(() => graphOf(charted(huge)), /400 states/u);
  });
});
