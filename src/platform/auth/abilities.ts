// Conditional rights: what a caller may do with which rows. A service says once, for a kind of row, which permission or
// which condition opens it; a single check and the filter of a list are both made from that by CASL, so that a list never
// shows what the single read hides. Plain rights are `caller.can('permission')`. Called by queries, routes and policies.
import { createMongoAbility, subject, type MongoAbility, type RawRuleOf } from '@casl/ability';
import { rulesToCondition } from '@casl/ability/extra';
import type { Caller } from '../http/route.ts';
import type { Permission } from './permissions.ts';

/** Who asks, as conditions see them. */
export type Asker = Pick<Caller, 'userId' | 'roles' | 'can'>;

/** A MongoDB filter over members of a row, in the operators CASL knows: $eq $ne $in $nin $all $lt … $exists $elemMatch. */
export type Condition = Readonly<Record<string, unknown>>;

/** One way to be allowed: a permission for all rows, or a condition for those that meet it. Any of several is enough. */
export type Grant = { readonly permission: Permission } | { readonly where: (asker: Asker) => Condition };

/** Who may do what with rows of one kind. What is not granted is denied. */
export interface Access<Row extends object> {
  readonly name: string;
  readonly grants: Readonly<Record<string, readonly Grant[]>>;
  /** Never set: carries the row's type. */
  readonly row?: Row;
}

/** Says who may do what with rows of a kind: by action, the grants of which one must hold. */
export function defineAccess<Row extends object>(name: string, grants: Access<Row>['grants']): Access<Row> {
  return Object.freeze({ name, grants });
}

function ruleOf(asker: Asker, action: string, { name }: Access<object>, grant: Grant): RawRuleOf<MongoAbility>[] {
  if ('permission' in grant) {
    return asker.can(grant.permission) ? [{ action, subject: name }] : [];
  }
  return [{ action, subject: name, conditions: { ...grant.where(asker) } }];
}

// A caller lives for one request, or a socket's question: an ability is made when it is first asked for, and not twice.
const abilities = new WeakMap<Asker, Map<Access<object>, MongoAbility>>();

function abilityOf(asker: Asker, access: Access<object>): MongoAbility {
  let own = abilities.get(asker);
  if (!own) {
    own = new Map();
    abilities.set(asker, own);
  }
  let ability = own.get(access);
  if (!ability) {
    const rules = Object.entries(access.grants).flatMap(([action, grants]) =>
      grants.flatMap((grant) => ruleOf(asker, action, access, grant)),
    );
    ability = createMongoAbility(rules);
    own.set(access, ability);
  }
  return ability;
}

/** True where the asker may do this with this row. */
export function may<Row extends object>(asker: Asker, action: string, access: Access<Row>, row: Row): boolean {
  // A copy: CASL marks what it is given.
  return abilityOf(asker, access).can(action, subject(access.name, { ...row }));
}

/** What a filter matches nothing with. */
const none: Condition = Object.freeze({ _id: { $in: [] } });

/**
 * The rows with which the asker may do this, as a MongoDB filter that is put beside others with `$and`. The conditions
 * are the service's own; nothing of a request is in them but who asks.
 */
export function thoseOneMay<Row extends object>(asker: Asker, action: string, access: Access<Row>): Condition {
  const rules = abilityOf(asker, access).rulesFor(action, access.name);
  const filter = rulesToCondition<MongoAbility, Condition, Condition>(rules, (rule) => ({ ...rule.conditions }), {
    and: ($and) => ({ $and }),
    or: ($or) => ({ $or }),
    empty: () => ({}),
  });
  return filter ?? none;
}
