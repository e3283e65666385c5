// One run from the login to the comparison. Called by main.ts.
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from './api.ts';
import { partOf, peopleByActivity, readContributions, shuffled, type Contribution } from './contributions.ts';
import { expected, figuresOf, type Figures } from './expected.ts';
import { Grants, play } from './grants.ts';
import { Live } from './live.ts';
import { LiveLines } from './live-lines.ts';
import type { Options } from './options.ts';
import { settlePeople } from './people.ts';
import { allRight, compare, show, type Section } from './report.ts';
import type { Screen, Style } from './screen.ts';
import { figuresFrom, readStandings, type Standings } from './standings.ts';

/** Feeds that are followed; a socket takes 60. */
const followedPeople = 40;
const drawEveryMs = 200;
const liveLineEveryMs = 350;
const troubleEveryMs = 5_000;
/** Boards and feeds follow the truth: how long they may take to arrive at it. */
const settleMs = 20_000;

const styles: readonly [Style, Style, Style] = ['dim', 'cyan', 'yellow'];
const number = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Plays and compares. True where every figure is as expected. @throws GaveUp with a sentence when it cannot go on */
export async function run(options: Options, screen: Screen): Promise<boolean> {
  const all = await readContributions();
  const part = partOf(all, options);
  const order = options.shuffle === undefined ? part : shuffled(part, options.shuffle);
  const wanted = part.length === all.length ? expected : figuresOf(part);
  const people = peopleByActivity(part);
  const api = new Api({ ...options, onTrouble: troubleTo(screen) });
  try {
    await api.token();
    screen.line(
      `${number(part.length)} contributions by ${number(people.length)} people, on ${options.urls.join(' and ')}`,
    );
    const { ids, made } = await settlePeople(api, people, options.concurrency, (done) =>
      screen.progress(`People  ${number(done)} / ${number(people.length)}`),
    );
    screen.endProgress(`${number(made)} people made, ${number(ids.size - made)} were there`);
    const followed = new Map(people.slice(0, followedPeople).map((person) => [person, ids.get(person) ?? '']));
    return await playLive(api, options, screen, { order, ids, followed, wanted });
  } finally {
    await api.close();
  }
}

/** Says what is the matter, not more often than can be read. */
function troubleTo(screen: Screen): (reason: string) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (reason) => {
    if (performance.now() - saidAt > troubleEveryMs) {
      saidAt = performance.now();
      screen.line(`${reason}; trying again`, 'yellow');
    }
  };
}

interface Game {
  readonly order: readonly Contribution[];
  readonly ids: ReadonlyMap<string, string>;
  readonly followed: ReadonlyMap<string, string>;
  readonly wanted: Figures;
}

async function playLive(api: Api, options: Options, screen: Screen, game: Game): Promise<boolean> {
  const lines = new LiveLines();
  const live = new Live(api, (person, event) => lines.offer(person, event));
  const timers: NodeJS.Timeout[] = [];
  try {
    if (!(await live.start(options.urls, game.followed))) {
      screen.line('The sockets do not answer yet; live lines come when they do', 'yellow');
    }
    const grants = new Grants();
    const status = (): string => statusOf(grants, api, game.order.length);
    timers.push(
      setInterval(() => screen.progress(status()), drawEveryMs),
      setInterval(() => {
        const line = lines.take();
        if (line !== undefined) {
          screen.line(line.text, styles[line.weight]);
        }
      }, liveLineEveryMs),
    );
    await play(api, grants, game.order, game.ids, options.concurrency);
    timers.forEach((timer) => clearInterval(timer));
    screen.endProgress(status());
    tellBooks(screen, grants);
    return await conclude({ api, live, grants, screen }, game);
  } finally {
    timers.forEach((timer) => clearInterval(timer));
    live.close();
  }
}

function statusOf(grants: Grants, api: Api, total: number): string {
  const width = 20;
  const filled = Math.floor((grants.done / total) * width);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
  const times = `p50 ${number(grants.latency(0.5))} ms  p99 ${number(grants.latency(0.99))} ms`;
  const sent = `${number(grants.done)} / ${number(total)}  ${number(grants.rate)}/s`;
  return `${bar}  ${sent}  ${times}  ${number(api.retries)} retries`;
}

function tellBooks(screen: Screen, { counts }: Grants): void {
  const unsure = counts['new-or-known'];
  const more = unsure === 0 ? '' : `, ${number(unsure)} answered only when asked again`;
  screen.line(`${number(counts.new)} grants were new, ${number(counts.known)} were known already${more}`);
}

interface Ended {
  readonly api: Api;
  readonly live: Live;
  readonly grants: Grants;
  readonly screen: Screen;
}

async function conclude({ api, live, grants, screen }: Ended, game: Game): Promise<boolean> {
  const end = performance.now() + settleMs;
  for (;;) {
    await live.catchUp();
    const standings = await readStandings(api, game.ids);
    const found = figuresFrom(standings, grants.xpByVenture);
    const sections = [...compare(found, game.wanted), ...compareLive(live, standings)];
    const right = allRight(sections);
    if (right || performance.now() > end) {
      show(screen, sections);
      screen.line();
      tellRest(screen, live, standings, found.xp > game.wanted.xp);
      const verdict = right ? 'Every figure is as expected' : 'Some figures differ from what is expected';
      screen.line(verdict, right ? 'green' : 'red');
      return right;
    }
    screen.progress('Waiting for the board and the feeds to follow');
    await delay(liveLineEveryMs);
  }
}

function tellRest(screen: Screen, live: Live, { others }: Standings, tooMuch: boolean): void {
  if (others > 0) {
    screen.line(`${number(others)} others have places on the board and are left out`);
  }
  const { feeds, events, asked, resets } = live.counts();
  const lost = resets === 0 ? '' : `; ${number(resets)} times a feed had to be begun anew`;
  screen.line(
    events === 0
      ? `Nothing happened on the ${number(feeds)} feeds that were followed`
      : `${number(events)} events on ${number(feeds)} feeds, each once and in order; ${number(asked)} of them asked for after a gap${lost}`,
  );
  if (tooMuch) {
    screen.line(
      'These people have more XP than was played: they were granted more before, or by another admin',
      'yellow',
    );
  }
}

/** The sums of the live feeds beside the board: what arrived is what was granted, no more and no less. */
function compareLive(live: Live, { people }: Standings): readonly Section[] {
  const byFeed = live.xpByFeed();
  if (byFeed.size === 0) {
    return [];
  }
  const onBoard = people.filter(({ person }) => byFeed.has(person)).reduce((total, { xp }) => total + xp, 0);
  const arrived = [...byFeed.values()].reduce((total, xp) => total + xp, 0);
  const check = {
    label: `of ${String(byFeed.size)} people`,
    found: number(arrived),
    expected: number(onBoard),
    ok: arrived === onBoard,
  };
  return [{ title: 'XP by live feeds', checks: [check] }];
}
