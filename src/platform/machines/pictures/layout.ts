// Where everything of a picture stands: the chart as a graph for ELK, laid out in the thread, read back. Called by
// pictures.ts; what is laid out once is kept by the chart's digest.
import { LRUCache } from 'lru-cache';
import type { ElkExtendedEdge, ElkNode } from 'elkjs';
import { canonicalJson, sha256 } from '../../ids.ts';
import { boxOf, labelOf, margin } from './boxes.ts';
import { statesOf, type GraphState, type PictureGraph } from './graph.ts';
import { arrange, PictureFault } from './layout-thread.ts';

/** A rectangle in the picture, in pixels from its upper left corner. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A point of the picture. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A way through the picture, corner by corner. */
export type Way = readonly Point[];

/** A whole picture without its paint. States by id, arrows and their words by transition. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly states: ReadonlyMap<string, Rect>;
  readonly ways: ReadonlyMap<string, Way>;
  readonly labels: ReadonlyMap<string, Rect>;
  /** The dots from which first states are entered, with the way to them. */
  readonly starts: readonly { readonly dot: Rect; readonly way: Way }[];
}

const dotSize = 12;
const historySize = 30;
const finalRing = 4;

const kept = new LRUCache<string, Promise<Layout>>({ max: 200 });
/** How long a chart that could not be laid out is not tried again. */
const failedForMs = 60_000;

/**
 * The layout of a chart, from the cache or made now. Rejects with PictureFault where it takes too long or too many
 * others wait.
 */
export async function layoutOf(graph: PictureGraph): Promise<Layout> {
  const drawn = elkOf(graph);
  const digest = sha256(canonicalJson(drawn));
  const known = kept.get(digest);
  if (known) {
    return await known;
  }
  const made = arrange(drawn).then((placed) => layoutFrom(graph, placed));
  kept.set(digest, made);
  made.catch((error: unknown) => {
    // A chart that takes too long would take the thread again and again; any other failure is the moment's.
    if (error instanceof PictureFault && error.reason === 'too-long') {
      kept.set(digest, made, { ttl: failedForMs });
    } else {
      kept.delete(digest);
    }
  });
  return await made;
}

// ELK is given numbers for names: what states are called is nobody's business there.
function numbersOf(graph: PictureGraph): Map<string, string> {
  return new Map(statesOf(graph.root).map((state, index) => [state.id, `n${index}`]));
}

function elkOf(graph: PictureGraph): ElkNode {
  const numbers = numbersOf(graph);
  const edges: ElkExtendedEdge[] = graph.transitions.map((transition) => {
    const { width, height } = labelOf(transition);
    return {
      id: transition.id,
      sources: [numbers.get(transition.source) ?? ''],
      targets: [numbers.get(transition.target ?? '') ?? ''],
      // ELK leaves out labels without a text.
      labels: [{ id: `l.${transition.id}`, text: 'x', width, height }],
    };
  });
  for (const state of statesOf(graph.root)) {
    const [from, to] = [numbers.get(state.id), state.initial === null ? undefined : numbers.get(state.initial)];
    if (to !== undefined) {
      edges.push({ id: `i.${from}`, sources: [state.kind === 'history' ? `${from}` : `i${from}`], targets: [to] });
    }
  }
  const manner = graph.transitions.length > carefulUpTo ? quick : careful;
  return {
    id: 'picture',
    layoutOptions: { ...general, ...manner },
    children: [elkNode(graph.root, numbers, manner)],
    edges,
  };
}

const inside = {
  'elk.spacing.nodeNode': '32',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelLabel': '8',
  'elk.spacing.labelNode': '8',
  'elk.spacing.nodeSelfLoop': '16',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
};

/** The better picture, and the one that comes in time: [run] 50 states and 100 transitions, 8.4 s against 0.3 s. */
const careful = {
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
};
const quick = {
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.thoroughness': '1',
  'elk.layered.crossingMinimization.greedySwitch.type': 'OFF',
  'elk.layered.crossingMinimization.greedySwitchHierarchical.type': 'OFF',
};
const carefulUpTo = 40;

const general = {
  ...inside,
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
  'elk.randomSeed': '7',
};

function elkNode(
  state: GraphState,
  numbers: ReadonlyMap<string, string>,
  manner: Readonly<Record<string, string>>,
): ElkNode {
  const id = numbers.get(state.id) ?? '';
  if (state.kind === 'history') {
    return { id, width: historySize, height: historySize };
  }
  const { width, height } = boxOf(state);
  if (state.states.length === 0) {
    const ring = state.kind === 'final' ? 2 * finalRing : 0;
    return { id, width: width + ring, height: height + ring };
  }
  const start = { id: `i${id}`, width: dotSize, height: dotSize };
  return {
    id,
    layoutOptions: {
      ...inside,
      ...manner,
      'elk.padding': `[top=${height + 10},left=${margin.x + 8},bottom=${margin.x + 8},right=${margin.x + 8}]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${height + 20})`,
    },
    children: [
      ...(state.initial === null ? [] : [start]),
      ...state.states.map((child) => elkNode(child, numbers, manner)),
    ],
  };
}

function layoutFrom(graph: PictureGraph, placed: ElkNode): Layout {
  const nodes = new Map<string, Rect>();
  const collect = (node: ElkNode): void => {
    nodes.set(node.id, rectOf(node));
    node.children?.forEach(collect);
  };
  collect(placed);
  const edges = new Map((placed.edges ?? []).map((edge) => [edge.id, edge]));
  const { states, starts } = placesOf(graph, nodes, edges);
  const ways = new Map<string, Way>();
  const labels = new Map<string, Rect>();
  for (const { id } of graph.transitions) {
    const edge = edges.get(id);
    const label = edge?.labels?.[0];
    if (edge && label) {
      ways.set(id, wayOf(edge));
      labels.set(id, rectOf(label));
    }
  }
  return { width: placed.width ?? 0, height: placed.height ?? 0, states, ways, labels, starts };
}

function placesOf(
  graph: PictureGraph,
  nodes: ReadonlyMap<string, Rect>,
  edges: ReadonlyMap<string, ElkExtendedEdge>,
): Pick<Layout, 'states' | 'starts'> {
  const numbers = numbersOf(graph);
  const states = new Map<string, Rect>();
  const starts: { dot: Rect; way: Way }[] = [];
  for (const state of statesOf(graph.root)) {
    const number = numbers.get(state.id) ?? '';
    states.set(state.id, nodes.get(number) ?? nowhere);
    const edge = edges.get(`i.${number}`);
    if (edge) {
      starts.push({ dot: nodes.get(state.kind === 'history' ? number : `i${number}`) ?? nowhere, way: wayOf(edge) });
    }
  }
  return { states, starts };
}

const nowhere: Rect = { x: 0, y: 0, width: 0, height: 0 };

function rectOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rect>): Rect {
  return { x, y, width, height };
}

function wayOf({ sections = [] }: ElkExtendedEdge): Way {
  return sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
}
