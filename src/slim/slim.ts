// Slims what a developer writes once and pays with every call: system prompts, tools, the response format. Never what the user says.
import type { ChatMessage, ChatRequest } from '../contract/index.ts';
import { textTokens } from '../wire/tokens.ts';
import { shortDescription } from './description.ts';
import { compactHints } from './format.ts';
import { guard } from './protect.ts';
import { createMemory, withoutRepeats, type Memory } from './repeats.ts';
import { slimSchema } from './schema.ts';
import { withoutGaps, withoutMargin } from './whitespace.ts';
import { tighter } from './wording.ts';

interface SlimOptions {
  /** Characters that a parameter's description may have before sentences that don't bind are left out. Default: 160. */
  readonly mostDescription?: number;
  /** The same of a tool's own description. Default: 400. */
  readonly mostToolDescription?: number;
}

const RULES = ['whitespace', 'wording', 'repeats', 'format', 'schema'] as const;
type Rule = (typeof RULES)[number];

/** What was left out. `tokens`: an estimate. `byRule`: characters. */
interface Saving {
  readonly characters: number;
  readonly tokens: number;
  readonly byRule: Readonly<Record<Rule, number>>;
}

interface Slimmed {
  /** The very same object when there was nothing to leave out. */
  readonly request: ChatRequest;
  readonly saved: Saving;
}

type Count = Record<Rule, number>;

/**
 * Deterministic, and each message by itself and those before it alone: a longer conversation keeps the prefix that the
 * provider has cached. User turns, answers, code, quotes and examples stay to the letter; schemas accept the same values.
 */
export function slim(request: ChatRequest, options: SlimOptions = {}): Slimmed {
  const byRule: Count = { whitespace: 0, wording: 0, repeats: 0, format: 0, schema: 0 };
  const memory = createMemory();
  let tokens = 0;
  const shorter = (text: string): string => {
    const short = slimText(text, memory, byRule);
    if (short !== text) tokens += textTokens(text) - textTokens(short);
    return short;
  };
  const less = <Value>(value: Value, change: (value: Value) => Value): Value => {
    const [before, changed] = [JSON.stringify(value), change(value)];
    const after = JSON.stringify(changed);
    if (before === after) return value;
    byRule.schema += before.length - after.length;
    tokens += textTokens(before) - textTokens(after);
    return changed;
  };
  const messages = mapped(request.messages, (message) => slimMessage(message, shorter));
  const tools = request.tools && mapped(request.tools, (tool) => less(tool, (each) => slimTool(each, options)));
  const format = request.response_format && less(request.response_format, (each) => slimFormat(each, options));
  const characters = RULES.reduce((sum, rule) => sum + byRule[rule], 0);
  const same = messages === request.messages && tools === request.tools && format === request.response_format;
  return {
    request: same
      ? request
      : {
          ...request,
          messages,
          ...(request.tools && { tools }),
          ...(request.response_format && { response_format: format }),
        },
    saved: { characters, tokens: Math.max(0, tokens), byRule },
  };
}

/** The same list when nothing in it changed. */
function mapped<Item>(items: Item[], change: (item: Item) => Item): Item[] {
  const changed = items.map(change);
  return changed.every((item, at) => item === items[at]) ? items : changed;
}

/** `name` marks the turns of an example conversation (`example_user`). */
function slimMessage(message: ChatMessage, shorter: (text: string) => string): ChatMessage {
  if (message.role !== 'system' && message.role !== 'developer') return message;
  if (typeof message['name'] === 'string') return message;
  const { content } = message;
  if (typeof content === 'string') {
    const short = shorter(content);
    return short === content ? message : { ...message, content: short };
  }
  if (!Array.isArray(content)) return message;
  const parts = mapped(content, (part) => {
    const text = part['text'];
    if (part.type !== 'text' || typeof text !== 'string') return part;
    const short = shorter(text);
    return short === text ? part : { ...part, text: short };
  });
  return parts === content ? message : { ...message, content: parts };
}

function slimText(source: string, memory: Memory, count: Count): string {
  const step = (rule: Rule, before: string, after: string): string => {
    count[rule] += before.length - after.length;
    return after;
  };
  const level = withoutMargin(source);
  const guarded = guard(level);
  if (guarded === null || source.trim() === '') return source;
  count.whitespace += source.length - level.length;
  count.format += guarded.compacted;
  const { text } = guarded;
  const dense = step('whitespace', text, withoutGaps(text));
  const tight = step('wording', dense, tighter(dense));
  const hinted = step('format', tight, compactHints(tight));
  const once = step('repeats', hinted, withoutRepeats(hinted, memory));
  const tidy = step('whitespace', once, withoutGaps(once));
  return guarded.restore(tidy);
}

type Tool = NonNullable<ChatRequest['tools']>[number];
type Format = NonNullable<ChatRequest['response_format']>;
type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function slimTool(tool: Tool, options: SlimOptions): Tool {
  const named = tool['function'];
  if (tool.type !== 'function' || !isFields(named)) return tool;
  return { ...tool, function: slimNamed(named, 'parameters', options) };
}

function slimFormat(format: Format, options: SlimOptions): Format {
  const named = format['json_schema'];
  if (format.type !== 'json_schema' || !isFields(named)) return format;
  return { ...format, json_schema: slimNamed(named, 'schema', options) };
}

/** Something with a name, a description and a schema. */
function slimNamed(named: Fields, schemaField: string, options: SlimOptions): Fields {
  const { mostDescription = 160, mostToolDescription = 400 } = options;
  return Object.fromEntries(
    Object.entries(named).map(([field, value]) => {
      if (field === 'description' && typeof value === 'string')
        return [field, shortDescription(value, null, mostToolDescription)];
      return [field, field === schemaField ? slimSchema(value, { mostDescription }) : value];
    }),
  );
}
