// What is wrong with a YAML text before anybody looks at what it says: its writing, keys that stand twice, circles.
import { isPair, isScalar, isSeq, visit } from 'yaml';
import type { Alias, Document, Node, Pair, Scalar, YAMLError, YAMLMap } from 'yaml';
import type { Path } from './problem.ts';

interface YamlFault {
  readonly offset: number;
  /** Where the writing itself is broken there is none. */
  readonly path: Path;
  readonly message: string;
}

type Above = readonly (Document | Node | Pair)[];

export function yamlFaults(document: Document.Parsed, text: string): readonly YamlFault[] {
  const written = document.errors.map((fault) => ofWriting(fault, text));
  if (written.length > 0) return written;
  const faults: YamlFault[] = [];
  visit(document, {
    Alias(_, alias, above) {
      if (isCircle(alias, document, above))
        faults.push({
          offset: alias.range?.[0] ?? 0,
          path: pathOf(above, alias),
          message: `*${alias.source} stands inside of what it stands for`,
        });
    },
    Map(_, map, above) {
      for (const key of repeatedIn(map))
        faults.push({
          offset: key.range?.[0] ?? 0,
          path: [...pathOf(above, map), nameOf(key)],
          message: `"${nameOf(key)}" stands here twice; put both into one`,
        });
    },
    Pair(_, pair, above) {
      if (isScalar(pair.key) && pair.key.value === '__proto__')
        faults.push({
          offset: pair.key.range?.[0] ?? 0,
          path: [...pathOf(above, pair), '__proto__'],
          message: 'nothing can be called "__proto__"; give it another name',
        });
    },
  });
  return faults;
}

function isCircle(alias: Alias, document: Document.Parsed, above: Above): boolean {
  const meant = alias.resolve(document);
  return meant !== undefined && above.includes(meant);
}

/** The parser's own way compares each key with each other: of 50,000 rows that takes minutes, in which nobody is answered. */
function repeatedIn(map: YAMLMap): readonly Scalar[] {
  const seen = new Set<string>();
  return map.items.flatMap(({ key }): readonly Scalar[] => {
    if (!isScalar(key)) return [];
    const isRepeated = seen.has(nameOf(key));
    seen.add(nameOf(key));
    return isRepeated ? [key] : [];
  });
}

function ofWriting({ code, message, pos: [offset] }: YAMLError, text: string): YamlFault {
  if (code === 'MULTIPLE_DOCS') return { offset, path: [], message: 'expected one document, but "---" begins another' };
  const plain = message.split(' at line ')[0]!.replace(/\.$/, '');
  return { offset, path: [], message: `this isn't YAML: ${plain}${quoteHint(text, offset)}` };
}

/** As it is written: a merge's key has no other name. */
const nameOf = (key: Scalar): string => key.source ?? String(key.value);

/** Keys and places from the top down to `last`. */
function pathOf(above: Above, last: Node | Pair): Path {
  const steps = [...above, last];
  return steps.flatMap((node, at): Path => {
    const inside = steps[at + 1];
    if (isPair(node) && inside !== undefined && inside === node.value && isScalar(node.key)) return [nameOf(node.key)];
    if (isSeq(node) && inside !== undefined) return [node.items.indexOf(inside)];
    return [];
  });
}

/** `{ port: ${PORT} }` is the usual stumble: braces end a flow map. */
function quoteHint(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = text.slice(start, end < 0 ? text.length : end);
  return /[{,].*[^"']\$\{/.test(line) ? '; inside { } and [ ] put "${…}" in quotes' : '';
}
