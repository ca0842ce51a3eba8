// Tool calls: which tool a prompt asks for, with which arguments, and how often; and prose from what the tools said.
import type { ChatRequest } from '../contract/index.ts';
import { fill, MAX_VALUES, type Filling } from './fill/fill.ts';
import { find, kindOf } from './fill/find.ts';
import { propertiesOf, requiredOf, resolved, type Json, type Schema } from './fill/schema.ts';
import type { Mind } from './mind.ts';
import type { Prompt } from './prompt.ts';
import { solve } from './solve/index.ts';

interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Schema;
}

export interface DraftCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

interface Calls {
  readonly calls: readonly DraftCall[];
  readonly right: boolean;
}

/** 'auto': may call; 'required': must; a name: must call that one. */
type Wish = { readonly kind: 'none' | 'auto' | 'required' } | { readonly kind: 'named'; readonly name: string };

type Loose = Readonly<Record<string, unknown>>;

function toolsOf(request: ChatRequest): readonly Tool[] {
  return (request.tools ?? []).flatMap(({ function: definition }) => {
    const { name, description, parameters } = (definition ?? {}) as Loose;
    if (typeof name !== 'string') return [];
    return [
      {
        name,
        description: typeof description === 'string' ? description : '',
        parameters: (parameters ?? {}) as Schema,
      },
    ];
  });
}

function wishOf(request: ChatRequest): Wish {
  const choice = request.tool_choice as string | Loose | null | undefined;
  if (choice === 'none' || choice === 'required') return { kind: choice };
  const name = typeof choice === 'object' ? (choice?.['function'] as Loose | undefined)?.['name'] : undefined;
  return typeof name === 'string' ? { kind: 'named', name } : { kind: 'auto' };
}

const STOP = new Set(
  'the a an of for to in on at is are and or get what how do does with from by use used user given this that it you your can call when returns return function tool value current about into'.split(
    ' ',
  ),
);
/** Below it the prompt doesn't speak of the tool. */
const ENOUGH = 2;

const stems = (text: string): Set<string> =>
  new Set(
    (
      text
        .replace(/([a-z])([A-Z])/g, '$1 $2')
        .toLowerCase()
        .match(/\p{L}{2,}/gu) ?? []
    )
      .filter((word) => !STOP.has(word))
      .map((word) => word.replace(/(?:ing|ed|es|s)$/, '').slice(0, 7)),
  );

function relevance(tool: Tool, text: string): number {
  const words = stems(text);
  const shared = (other: string): number => [...stems(other)].filter((stem) => words.has(stem)).length;
  const calculates =
    /calc|math|comput|evaluat|arithmetic/i.test(tool.name) && solve(text)?.family === 'arithmetic' ? 3 : 0;
  const searches =
    /search|lookup|browse/i.test(tool.name) && /\b(?:search|look up|find|latest|news|who|google)\b/i.test(text) ? 2 : 0;
  return (
    2 * shared(tool.name) +
    shared(tool.description) +
    0.5 * shared(Object.keys(propertiesOf(tool.parameters)).join(' ')) +
    calculates +
    searches
  );
}

function best(tools: readonly Tool[], text: string): { readonly tool: Tool; readonly score: number } {
  return tools
    .map((tool) => ({ tool, score: relevance(tool, text) }))
    .reduce((top, each) => (each.score > top.score ? each : top));
}

const clausesOf = (text: string): string[] =>
  text
    .split(
      /(?<=[.?!;])\s+|,?\s+(?:and|then)\s+(?=(?:also|then|what|how|tell|send|get|find|book|check|look|search|calculate|set|create|add|show|play|turn|remind|convert|translate)\b)/i,
    )
    .filter((clause) => clause.trim() !== '');

/** `Paris and London`: the same call once for each of several values that are listed side by side. */
function spread(tool: Tool, text: string): string[] {
  const key = requiredOf(tool.parameters).find((name) => {
    const part = resolved(propertiesOf(tool.parameters)[name], tool.parameters);
    return (
      part['type'] === 'string' &&
      !Array.isArray(part['enum']) &&
      ['place', 'person', 'company', 'email', 'identifier'].includes(kindOf(name) ?? '')
    );
  });
  if (key === undefined || (tool.parameters && countPlaces(tool) > 1)) return [text];
  const values = [...new Set(find(kindOf(key)!, text))];
  const listed = values.filter((value, index) => {
    const other = values[index === 0 ? 1 : index - 1];
    if (other === undefined) return false;
    const [first, second] = index === 0 ? [value, other] : [other, value];
    const between = text.slice(
      text.indexOf(first) + first.length,
      text.indexOf(second, text.indexOf(first) + first.length),
    );
    return /^\s*(?:,|;|and|&|or|vs\.?|, and)\s*(?:in |for |at |to )?$/.test(between);
  });
  if (listed.length < 2) return [text];
  return listed.map((value) =>
    listed.reduce((rest, other) => (other === value ? rest : rest.replace(other, '')), text),
  );
}

const countPlaces = (tool: Tool): number =>
  Object.keys(propertiesOf(tool.parameters)).filter((name) => kindOf(name) === 'place').length;

/** The arguments, right but for at most one of them. */
function argue(
  tool: Tool,
  text: string,
  mind: Mind,
  index: number,
): { readonly call: DraftCall; readonly right: boolean } {
  const filling = (spoilt: string | null): Filling => ({
    text,
    root: tool.parameters,
    mind: { ...mind, isRight: (_family, path) => path.split(/[.[]/)[0] !== spoilt },
    family: 'tools',
    solution: null,
    room: { left: MAX_VALUES },
    decided: () => undefined,
  });
  const schema = { type: 'object', ...tool.parameters };
  const truth = fill(schema, filling(null));
  const keys = truth !== null && typeof truth === 'object' ? Object.keys(truth) : [];
  const name = `call/${index}`;
  const spoilt = keys.length === 0 || mind.isRight('tools', name) ? null : mind.slip(name, keys);
  const value: Json = spoilt === null ? truth : fill(schema, filling(spoilt));
  const given = JSON.stringify(value);
  return { call: { name: tool.name, arguments: given }, right: given === JSON.stringify(truth) };
}

/** The calls that the prompt asks for; null when it asks for none and none is forced. */
export function callTools(request: ChatRequest, prompt: Prompt, mind: Mind): Calls | null {
  const wish = wishOf(request);
  const offered = toolsOf(request);
  const tools = wish.kind === 'named' ? offered.filter(({ name }) => name === wish.name) : offered;
  if (tools.length === 0 || wish.kind === 'none') return null;
  if (prompt.toolResults.length > 0 && wish.kind === 'auto') return null;
  const clauses = clausesOf(prompt.text.slice(0, 8000)).map((clause) => ({ clause, ...best(tools, clause) }));
  const spoken = clauses.filter(({ score }) => score >= ENOUGH);
  const whole = best(tools, prompt.text);
  const forced = wish.kind !== 'auto';
  if (spoken.length === 0 && whole.score < ENOUGH && !forced) return null;
  const several = new Set(spoken.map(({ tool }) => tool.name)).size > 1;
  const asks = several
    ? spoken.map(({ tool, clause }) => ({ tool, text: clause }))
    : [{ tool: spoken[0]?.tool ?? whole.tool, text: prompt.text }];
  const parallel = request.parallel_tool_calls !== false;
  const each = asks.flatMap(({ tool, text }) => spread(tool, text).map((part) => ({ tool, text: part })));
  const drafts = each.slice(0, parallel ? 16 : 1).map(({ tool, text }, index) => argue(tool, text, mind, index));
  return { calls: drafts.map(({ call }) => call), right: drafts.every(({ right }) => right) };
}

function told(content: string): string {
  try {
    const value = JSON.parse(content) as Json;
    if (typeof value !== 'object' || value === null) return String(value);
    return Object.entries(value)
      .slice(0, 12)
      .map(
        ([key, inner]) =>
          `${key.replaceAll('_', ' ')} ${typeof inner === 'object' ? JSON.stringify(inner) : String(inner)}`,
      )
      .join(', ');
  } catch {
    return content.trim();
  }
}

/** Prose from the tools' results. */
export function tellResults(prompt: Prompt): string {
  const parts = prompt.toolResults.map(({ name, content }) => `${name} says: ${told(content).slice(0, 600)}.`);
  return `${parts.join(' ')} (simulated)`;
}
