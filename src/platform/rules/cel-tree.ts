// An expression as a tree, looked at before it may run: how large it is, how deep its macros stand in each other, which
// names it uses; and the counters of cel-meter.ts put in. Used by cel.ts.
import type { parse } from '@bufbuild/cel';
import { rangeCall, turnCall } from './cel-meter.ts';

/** A node of the tree that `parse` makes. */
export type CelNode = NonNullable<ReturnType<typeof parse>['expr']>;

type CallNode = Extract<CelNode['exprKind'], { case: 'callExpr' }>['value'];
type Fold = Extract<CelNode['exprKind'], { case: 'comprehensionExpr' }>['value'];

const maxNodes = 200;
/** A macro may stand inside one other; a third would make it cubic. */
const maxFoldDepth = 2;
const maxBrackets = 40;

/** What an expression uses from outside. */
export interface CelNames {
  readonly variables: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  /** Members it reads of variables, as `variable.member`, but those it asks for by `has` first. */
  readonly selects: ReadonlySet<string>;
}

/** Null, or why a text is not even to be parsed: the parser calls itself for every bracket. */
export function tooDeep(source: string): string | null {
  let depth = 0;
  for (const letter of source) {
    depth += '([{'.includes(letter) ? 1 : 0;
    depth -= ')]}'.includes(letter) ? 1 : 0;
    if (depth > maxBrackets) {
      return `has more than ${maxBrackets} brackets inside each other`;
    }
  }
  return null;
}

/**
 * Counts a tree and puts the counters of the meter around its macros.
 * @returns the names it uses, or why it is too large
 */
export function prepareTree(root: CelNode): CelNames | string {
  const seen = { nodes: 0, foldDepth: 0, variables: new Set<string>(), functions: new Set<string>() };
  const selects = new Set<string>();
  const tested = new Set<string>();
  const walk = (node: CelNode | undefined, scope: readonly string[], folds: number): number => {
    if (!node) {
      return 0;
    }
    const before = seen.nodes;
    seen.nodes += 1;
    seen.foldDepth = Math.max(seen.foldDepth, folds);
    const { exprKind } = node;
    if (exprKind.case === 'identExpr') {
      const name = exprKind.value.name.replace(/^\./u, '');
      if (!scope.includes(name)) {
        seen.variables.add(name);
      }
    } else if (exprKind.case === 'callExpr') {
      seen.functions.add(exprKind.value.function);
    } else if (exprKind.case === 'selectExpr') {
      const { operand, field, testOnly } = exprKind.value;
      const of = operand?.exprKind;
      if (of?.case === 'identExpr' && !scope.includes(of.value.name)) {
        (testOnly ? tested : selects).add(`${of.value.name}.${field}`);
      }
    }
    if (exprKind.case === 'comprehensionExpr') {
      walkFold(exprKind.value, scope, folds, walk);
    } else {
      childrenOf(node).forEach((child) => walk(child, scope, folds));
    }
    return seen.nodes - before;
  };
  walk(root, [], 0);
  if (seen.nodes > maxNodes) {
    return `has more than ${maxNodes} parts`;
  }
  if (seen.foldDepth > maxFoldDepth) {
    return 'has macros more than one inside another';
  }
  tested.forEach((name) => selects.delete(name));
  return { ...seen, selects };
}

type Walk = (node: CelNode | undefined, scope: readonly string[], folds: number) => number;

function walkFold(fold: Fold, scope: readonly string[], folds: number, walk: Walk): void {
  walk(fold.iterRange, scope, folds);
  walk(fold.accuInit, scope, folds);
  const inner = [...scope, fold.iterVar, fold.accuVar];
  const turn = walk(fold.loopCondition, inner, folds + 1) + walk(fold.loopStep, inner, folds + 1);
  walk(fold.result, inner, folds);
  if (fold.iterRange && fold.loopCondition) {
    fold.iterRange = callOf(fold.iterRange, rangeCall, []);
    fold.loopCondition = callOf(fold.loopCondition, turnCall, [countOf(fold.loopCondition, turn)]);
  }
}

function callOf(around: CelNode, name: string, further: readonly CelNode[]): CelNode {
  const value = { $typeName: 'cel.expr.Expr.Call', function: name, args: [around, ...further] } as unknown as CallNode;
  return { ...around, exprKind: { case: 'callExpr', value } };
}

function countOf(like: CelNode, count: number): CelNode {
  const constant = { $typeName: 'cel.expr.Constant', constantKind: { case: 'int64Value', value: BigInt(count) } };
  return { ...like, exprKind: { case: 'constExpr', value: constant } } as unknown as CelNode;
}

function childrenOf({ exprKind }: CelNode): (CelNode | undefined)[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return [exprKind.value.operand];
    case 'callExpr':
      return [exprKind.value.target, ...exprKind.value.args];
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) => [
        keyKind.case === 'mapKey' ? keyKind.value : undefined,
        value,
      ]);
    case 'comprehensionExpr':
    case 'constExpr':
    case 'identExpr':
    case undefined:
      return [];
  }
}
