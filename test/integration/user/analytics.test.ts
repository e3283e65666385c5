// Figures of what somebody did, gained and received, by day of a zone, and of who looked, over HTTP.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { acted, analyticsShape } from '../../support/activity.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';
import { tie } from '../../support/people.ts';
import { rowsIn, skillCalls } from '../../support/skills.ts';

describe('activity by day', () => {
  let server: TestServer;
  let api: ReturnType<typeof skillCalls>;
  let ada: LoggedIn;
  let ben: LoggedIn;
  let eve: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService]);
    api = skillCalls(server);
    [ada, ben, eve] = (await Promise.all(
      ['Ada', 'Ben', 'Eve'].map(async (name) => await registerSomebody(server, name)),
    )) as [LoggedIn, LoggedIn, LoggedIn];
  });
  after(async () => await server.close());

  const pathOf = (who: LoggedIn, rest: string): string => `/api/users/${who.user.id}${rest}`;
  const askAnalytics = async (who: LoggedIn, query = ''): Promise<Reply> =>
    await api.call('GET', who, pathOf(who, `/analytics${query}`));
  const analyticsOf = async (who: LoggedIn, query = '') => analyticsShape.parse((await askAnalytics(who, query)).body);

  it('counts what one did, gained and received, today', async () => {
    await tie(ada.user.id, ben.user.id);
    await api.add(ada, 'Chess');
    await api.add(ada, 'Law', { visibility: 'private' });
    await api.endorse(ben, ada, 'chess');
    const feeds = [`user.${ada.user.id}`, `user.${ben.user.id}`];
    await acted(ben, [new Date()], { type: 'connection.accepted', audience: feeds });
    const { series, totals, from, to, asOf } = await analyticsOf(ada);
    assert.equal(series.length, 30);
    assert.deepEqual([series[0]?.day, series.at(-1)?.day, to], [from, asOf.slice(0, 10), asOf.slice(0, 10)]);
    assert.deepEqual(
      totals,
      series.at(-1) && Object.fromEntries(Object.entries(series.at(-1) ?? {}).filter(([name]) => name !== 'day')),
    );
    assert.deepEqual([totals.connectionsGained, totals.endorsementsReceived], [1, 1]);
    assert.equal(totals.did['skill.added'], 2);
    await api.withdraw(ben, ada, 'chess');
    assert.equal((await analyticsOf(ada)).totals.endorsementsReceived, 0);
  });

  for (const [tz, what, from, to, instants, days] of [
    // Days of the tz database: 23 and 25 hours, a midnight that is not there, a day that is not there, odd offsets.
    [
      'Europe/Berlin',
      'the day of 23 hours',
      '2026-03-29',
      '2026-03-30',
      ['2026-03-28T22:59:59Z', '2026-03-28T23:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00Z'],
      [2, 1],
    ],
    [
      'Europe/Berlin',
      'the day of 25 hours',
      '2026-10-25',
      '2026-10-26',
      [
        '2026-10-24T21:59:59Z',
        '2026-10-24T22:00Z',
        '2026-10-25T00:30Z',
        '2026-10-25T01:30Z',
        '2026-10-25T22:59:59Z',
        '2026-10-25T23:00Z',
      ],
      [4, 1],
    ],
    [
      'America/Sao_Paulo',
      'the day that began at one',
      '2018-11-03',
      '2018-11-04',
      ['2018-11-04T02:59:59Z', '2018-11-04T03:00Z', '2018-11-05T01:59:59Z', '2018-11-05T02:00Z'],
      [1, 2],
    ],
    [
      'Pacific/Apia',
      'the day that was left out',
      '2011-12-29',
      '2011-12-31',
      ['2011-12-30T09:59:59Z', '2011-12-30T10:00Z'],
      [1, 0, 1],
    ],
    [
      'Pacific/Kiritimati',
      'days 14 hours ahead',
      '2026-01-01',
      '2026-01-01',
      ['2025-12-31T09:59:59Z', '2025-12-31T10:00Z', '2026-01-01T09:59:59Z', '2026-01-01T10:00Z'],
      [2],
    ],
    [
      'Asia/Kathmandu',
      'days 5:45 ahead',
      '2026-01-01',
      '2026-01-01',
      ['2025-12-31T18:14:59Z', '2025-12-31T18:15Z'],
      [1],
    ],
    [
      'America/St_Johns',
      'the hour that came twice across midnight',
      '2008-11-01',
      '2008-11-02',
      ['2008-11-02T02:30:30Z', '2008-11-02T02:31:30Z', '2008-11-02T03:31Z'],
      [1, 2],
    ],
  ] as const) {
    it(`counts ${what} in ${tz}`, async () => {
      const who = await registerSomebody(server);
      await acted(
        who,
        instants.map((instant) => new Date(instant)),
      );
      const { series } = await analyticsOf(who, `?from=${from}&to=${to}&tz=${tz}`);
      assert.deepEqual(
        series.map(({ did }) => did['test.acted'] ?? 0),
        days,
      );
    });
  }

  it('counts any instants in any zone on the days that its clocks showed', async () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'Asia/Tehran',
      'America/Havana',
    ];
    const instant = fc.integer({ min: Date.parse('2019-01-03'), max: Date.parse('2019-12-20') });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...zones),
        fc.array(instant, { minLength: 1, maxLength: 40 }),
        async (tz, at) => {
          const actor = newId();
          await acted(
            { ...ada, user: { ...ada.user, id: actor } },
            at.map((time) => new Date(time)),
            { actor: ada.user.id, type: actor },
          );
          const { series } = await analyticsOf(ada, `?from=2019-01-01&to=2019-12-31&tz=${encodeURIComponent(tz)}`);
          const format = new Intl.DateTimeFormat('sv-SE', { timeZone: tz, dateStyle: 'short' });
          const expected = new Map<string, number>();
          at.map((time) => format.format(time)).forEach((day) => expected.set(day, (expected.get(day) ?? 0) + 1));
          const found = series.flatMap(({ day, did }) =>
            did[actor] === undefined ? [] : [[day, did[actor]] as const],
          );
          assert.deepEqual(
            found,
            [...expected].toSorted(([one], [other]) => (one < other ? -1 : 1)),
          );
        },
      ),
      { numRuns: 15 },
    );
  });

  it('is one’s own alone, of up to 400 days, of days and zones there are', async () => {
    assert.equal(problemOf(await api.call('GET', ben, pathOf(ada, '/analytics'))).code, 'user.not-found');
    assert.equal(
      problemOf(await api.call('PUT', ben, pathOf(ada, '/analytics/views'), { counted: false })).code,
      'user.not-found',
    );
    assert.equal((await analyticsOf(ada, '?from=2025-01-01&to=2026-02-04')).series.length, 400);
    for (const query of [
      '?from=2025-01-01&to=2026-02-05',
      '?from=2025-01-02&to=2025-01-01',
      '?from=2025-02-30',
      '?tz=Mars/Base',
      '?tz=%2B01:00',
      '?from=x',
      '?day=1',
    ]) {
      assert.equal((await askAnalytics(ada, query)).status, 422, query);
    }
  });

  it('counts who looks once a day, never oneself, and nobody where the owner says so', async () => {
    const owner = await registerSomebody(server);
    const views = async () => (await analyticsOf(owner)).totals.profileViews;
    const look = async (who: LoggedIn) => (await api.call('POST', who, pathOf(owner, '/views'))).status;
    assert.deepEqual(await Promise.all([look(ada), look(ada), look(ben), look(owner)]), [204, 204, 204, 204]);
    assert.equal(await views(), 2);
    const stored = JSON.stringify(await rowsIn('profile_views').find({}).toArray());
    assert.equal(stored.includes(ada.user.id), false);
    const choice = await api.call('PUT', owner, pathOf(owner, '/analytics/views'), { counted: false });
    assert.deepEqual(choice.body, { counted: false });
    assert.equal(await look(eve), 204);
    assert.equal(await views(), undefined);
    await api.call('PUT', owner, pathOf(owner, '/analytics/views'), { counted: true });
    assert.equal(await views(), 2);
  });
});
