// The durable effect of a peer's job that grants XP: ledger, totals and event in one statement, once however often the
// job runs. The leanest way these queues allow; it makes no feeds, levels, badges or reactions. Run by Node 22 from peer.ts.

/** What runs a statement: a pool, or the client a job was given. */
export interface Database {
  query(text: string, values?: readonly unknown[]): Promise<unknown>;
}

/** A job's payload. */
export interface Grant {
  readonly n: number;
}

const people = 1_000;

const tables = `
  create table xp_totals (user_id int primary key, xp bigint not null, grants bigint not null);
  create index on xp_totals (xp desc);
  create table xp_ledger (id int primary key, user_id int not null, amount int not null, at timestamptz not null default now());
  create table events (id int primary key, type text not null, subject int not null, data jsonb not null,
    at timestamptz not null default now());
  insert into xp_totals select n, 0, 0 from generate_series(0, ${String(people - 1)}) n`;

const grantOnce = `
  with entry as (
    insert into xp_ledger (id, user_id, amount) values ($1, $2, $3) on conflict do nothing returning user_id, amount
  ), total as (
    update xp_totals t set xp = xp + entry.amount, grants = grants + 1 from entry where t.user_id = entry.user_id
    returning t.user_id, t.xp
  )
  insert into events (id, type, subject, data) select $1, 'xp.added', user_id, jsonb_build_object('xp', xp) from total`;

/** Makes the tables. */
export async function makeTables(database: Database): Promise<void> {
  await database.query(tables);
}

/** Grants what a job asks for, in one transaction of its own. */
export async function grant(database: Database, { n }: Grant): Promise<void> {
  await database.query(grantOnce, [n, (n * 7_919) % people, 1]);
}
