// An SCXML file as a tree of elements, in the order they are written.
import { XMLParser } from 'fast-xml-parser';

/** An element and what is inside it; text is left out. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  ignoreDeclaration: true,
});

/** The root of a document. Throws where there is no `scxml`. */
export function parseScxml(text: string): Element {
  const root = elementsOf(parser.parse(text) as Node[]).find(({ name }) => name === 'scxml');
  if (!root) {
    throw new Error('The document has no element scxml');
  }
  return root;
}

/** The elements of these names inside one. */
export function inside(element: Element, ...names: readonly string[]): Element[] {
  return element.children.filter(({ name }) => names.includes(name));
}

/** An element and all those below it. */
export function allOf(element: Element): Element[] {
  return [element, ...element.children.flatMap(allOf)];
}

type Node = Readonly<Record<string, unknown>> & { readonly ':@'?: Readonly<Record<string, string>> };

function elementsOf(nodes: readonly Node[]): Element[] {
  return nodes.flatMap(({ ':@': attributes = {}, ...rest }) =>
    Object.entries(rest)
      .filter(([name]) => !name.startsWith('#') && !name.startsWith('?'))
      .map(([name, children]) => ({ name, attributes, children: elementsOf(children as Node[]) })),
  );
}
