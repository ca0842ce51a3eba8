// A YAML text as data with the environment filled in, and where each piece of it stands.
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { Path, Problem } from './problem.ts';
import { pathText } from './problem.ts';
import { substitute } from './substitute.ts';
import type { Environment, Substituted } from './substitute.ts';
import { yamlFaults } from './yaml-faults.ts';

export interface Place {
  readonly source: string;
  readonly line: number | null;
  readonly column: number | null;
}

export interface ConfigDocument {
  readonly source: string;
  /** A map, also for an empty file. */
  readonly data: Record<string, unknown>;
  /** Of the value at `path`, or of its key; of the nearest one above it where there is none. */
  placeOf(path: Path, what?: 'value' | 'key'): Place;
  /** How the text at `path` came about; undefined where nothing was substituted. */
  substitutedAt(path: Path): Substituted | undefined;
  readonly problems: readonly Problem[];
}

/** Keys may be unset here: a provider without its key is just not used. */
const mayBeUnset = (path: Path): boolean => path[0] === 'providers' && path[2] === 'api_key';

export function readDocument(text: string, source: string, environment: Environment): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, uniqueKeys: false, prettyErrors: false });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { source, line, column: col };
  };
  const placeOf = (path: Path, what: 'value' | 'key' = 'value'): Place => place(offsetOf(document, path, what));
  const problems: Problem[] = yamlFaults(document, text).map(({ offset, path, message }) => ({
    ...place(offset),
    path: pathText(path),
    message,
  }));
  const read = problems.length > 0 ? {} : sectionsOf(document);
  if (typeof read === 'string') problems.push({ ...place(0), path: '', message: read });
  const data = typeof read === 'string' ? {} : read;
  const substituted = new Map<string, Substituted>();
  const note = (path: Path, result: Substituted): void => {
    substituted.set(pathText(path), result);
    const message = complaint(result, path);
    if (message !== null) problems.push({ ...placeOf(path), path: pathText(path), message });
  };
  const filled = fill(data, [], environment, note) as Record<string, unknown>;
  return { source, data: filled, placeOf, substitutedAt: (path) => substituted.get(pathText(path)), problems };
}

/** The config's sections; a text: what is wrong with it as a whole. */
function sectionsOf(document: Document.Parsed): Record<string, unknown> | string {
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 1_000 }) ?? {};
  } catch (failure) {
    return `this isn't YAML: ${(failure as Error).message}`;
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return `expected a map of settings such as "server:", but found ${Array.isArray(data) ? 'a list' : 'plain text'}`;
  }
  // A section whose keys are all commented out is a section not given.
  return Object.fromEntries(Object.entries(data).filter(([, section]) => section !== null));
}

/** A copy of `value` with every text substituted. */
export function fill(
  value: unknown,
  path: Path,
  environment: Environment,
  note: (path: Path, result: Substituted) => void,
): unknown {
  if (typeof value === 'string') {
    const result = substitute(value, environment);
    if (result !== null) note(path, result);
    return result?.value ?? value;
  }
  if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index], environment, note));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fill(item, [...path, key], environment, note)]),
  );
}

function complaint({ fault, missing }: Substituted, path: Path): string | null {
  if (fault !== null) return `expected \${NAME} or \${NAME:-default}, but found "${fault}"`;
  const [first] = missing;
  if (first === undefined || mayBeUnset(path)) return null;
  return `the environment variable ${first} is not set; set it, or give a default: \${${first}:-…}`;
}

function offsetOf(document: Document.Parsed, path: Path, what: 'value' | 'key'): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step)) as
        | Pair<Node, Node | null>
        | undefined;
      if (pair === undefined) return offset;
      const value = pair.value;
      const useKey = (last && what === 'key') || value?.range == null || (last && isMap(value) && !value.flow);
      offset = (useKey ? pair.key.range?.[0] : value.range?.[0]) ?? offset;
      if (!last) offset = pair.key.range?.[0] ?? offset;
      node = value;
    } else if (isSeq(node)) {
      node = (node.items[Number(step)] as Node | undefined) ?? null;
      if (node === null) return offset;
      offset = node.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
