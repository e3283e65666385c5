// What the demo takes and what it says: options, live lines, comparison, progress.
import assert from 'node:assert/strict';
import { expected, type Figures } from '#src/demo/expected.ts';
import { LiveLines, lineOf } from '#src/demo/live-lines.ts';
import { readOptions } from '#src/demo/options.ts';
import { allRight, compare } from '#src/demo/report.ts';
import { Screen } from '#src/demo/screen.ts';

const nobody = { url: 'http://127.0.0.1:3000', email: undefined, password: undefined };
const admin = { ...nobody, email: 'a@example.test', password: 'secret words' };

describe('demo: options', () => {
  it('fall back to the environment and plain numbers', () => {
    assert.deepEqual(readOptions([], admin), {
      options: { urls: ['http://127.0.0.1:3000'], email: admin.email, password: admin.password, concurrency: 64 },
    });
  });

  it('are read', () => {
    const args =
      '--url http://a:1/x --url https://b --email e --password p --concurrency 5 --shuffle 0 --people 2 --limit 3';
    assert.deepEqual(readOptions(args.split(' '), nobody), {
      options: {
        urls: ['http://a:1', 'https://b'],
        email: 'e',
        password: 'p',
        concurrency: 5,
        shuffle: 0,
        people: 2,
        limit: 3,
      },
    });
  });

  const wrong = [
    { args: [], defaults: nobody, says: /--email and --password/u },
    { args: ['--people', '0'], defaults: admin, says: /--people takes a whole number from 1/u },
    { args: ['--limit', '1e3'], defaults: admin, says: /--limit takes a whole number/u },
    { args: ['--url', 'localhost:3000'], defaults: admin, says: /--url takes an address/u },
    { args: ['--fast'], defaults: admin, says: /--fast/u },
  ];
  for (const { args, defaults, says } of wrong) {
    it(`say what to correct: ${args.join(' ') || 'no admin'}`, () => {
      const wanted = readOptions(args, defaults);
      assert.match('problem' in wanted ? wanted.problem : '', says);
    });
  }

  it('give the help before anything else is asked', () => {
    assert.deepEqual(readOptions(['--help'], nobody), { help: true });
  });
});

describe('demo: live lines', () => {
  const added = { type: 'xp.added', data: { amount: 40, reason: 'feat in cedar', xp: 12_040 } };
  const reached = { type: 'level.reached', data: { xp: 12_040, level: { name: 'WISE_OWL', number: 8 } } };
  const awarded = { type: 'badge.awarded', data: { badge: { code: 'regular', name: 'Regular' } } };

  it('tell grants, badges and levels', () => {
    const texts = [added, awarded, reached].map((event) => lineOf('p-1', event)?.text.trim());
    assert.deepEqual(texts, [
      'p-1  +40 feat in cedar → 12,040 XP',
      '◆ p-1  gets the badge Regular',
      '★ p-1  reaches level 8, WISE_OWL, with 12,040 XP',
    ]);
    assert.equal(lineOf('p-1', { type: 'user.registered', data: {} }), undefined);
  });

  it('keep what stands out, and are taken once', () => {
    const lines = new LiveLines();
    for (const event of [added, reached, awarded, added]) {
      lines.offer('p-1', event);
    }
    assert.equal(lines.take()?.weight, 2);
    assert.equal(lines.take(), undefined);
  });
});

describe('demo: comparison', () => {
  const change = (changes: Partial<Figures>): Figures => ({ ...expected, ...changes });

  it('is right for the expected figures', () => {
    assert.ok(allRight(compare(expected, expected)));
  });

  const wrong: Record<string, Figures> = {
    'another total': change({ xp: expected.xp + 10 }),
    'another venture': change({ xpByVenture: { ...expected.xpByVenture, cedar: 1 } }),
    'a missing venture': change({ xpByVenture: { aster: 59_205, birch: 53_060 } }),
    'another level': change({ atLevels: [1_470, 73, ...expected.atLevels.slice(2)] }),
    'two places exchanged': change({
      board: [expected.board[1], expected.board[0], ...expected.board.slice(2)].flatMap((row) => row ?? []),
    }),
    'an empty board': change({ board: [] }),
  };
  for (const [name, found] of Object.entries(wrong)) {
    it(`is wrong for ${name}`, () => {
      assert.ok(!allRight(compare(found, expected)));
    });
  }

  it('lets people with the same XP stand in any order', () => {
    const rows = (...people: string[]): Figures =>
      change({ board: people.map((person, index) => ({ person, xp: index < 2 ? 50 : 10 })) });
    assert.ok(allRight(compare(rows('b', 'a', 'd'), rows('a', 'b', 'c'))));
  });
});

describe('demo: screen', () => {
  it('says progress as a line at most every 2 s where it cannot be written over', () => {
    const written: string[] = [];
    const screen = new Screen({ write: (text) => written.push(text) });
    screen.progress('one');
    screen.progress('two');
    screen.line('hello', 'red');
    screen.endProgress('done');
    assert.deepEqual(written, ['one\n', 'hello\n', 'done\n']);
  });

  it('writes over the progress of a terminal and keeps it below the lines', () => {
    const written: string[] = [];
    const screen = new Screen({ isTTY: true, columns: 10, hasColors: () => true, write: (text) => written.push(text) });
    screen.progress('a longer progress');
    screen.line('hello', 'green');
    assert.deepEqual(written, ['\r\u{1B}[2Ka longer ', '\r\u{1B}[2K\u{1B}[32mhello\u{1B}[0m\na longer ']);
  });
});
