// What the request says about the answer: its tools, and the text it asks with.
import type { ChatRequest } from '../contract/index.ts';

export interface Tool {
  readonly name: string;
  /** JSON schema, as the caller sent it. */
  readonly parameters: unknown;
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly required: ReadonlySet<string>;
}

/** By name; of two with the same name the last counts. */
interface Tools {
  readonly names: ReadonlySet<string>;
  get(name: string): Tool | undefined;
}

export interface PropertySchema {
  readonly type?: unknown;
  readonly enum?: unknown;
  readonly default?: unknown;
  readonly description?: unknown;
  readonly items?: unknown;
}

const MAX_PROMPT_CHARS = 60_000;

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function readTool(name: string, definition: Readonly<Record<string, unknown>>): Tool {
  const parameters = asRecord(definition['parameters']);
  const required = Array.isArray(parameters['required'])
    ? parameters['required'].filter((field) => typeof field === 'string')
    : [];
  const properties = Object.entries(asRecord(parameters['properties'])).map(
    ([field, schema]) => [field, asRecord(schema) as PropertySchema] as const,
  );
  return {
    name,
    parameters: definition['parameters'],
    properties: Object.fromEntries(properties),
    required: new Set(required),
  };
}

/** An agent brings dozens along, and most answers call one or none: each is read when it is first asked for. */
function readTools(request: ChatRequest): Tools {
  const definitions = new Map<string, Readonly<Record<string, unknown>>>();
  const legacy = Array.isArray(request['functions']) ? (request['functions'] as readonly unknown[]) : [];
  for (const entry of [...(request.tools ?? []).map((tool) => tool['function']), ...legacy]) {
    const definition = asRecord(entry);
    const name = definition['name'];
    if (typeof name === 'string') definitions.set(name, definition);
  }
  const read = new Map<string, Tool>();
  return {
    names: new Set(definitions.keys()),
    get(name) {
      const definition = definitions.get(name);
      if (definition === undefined) return undefined;
      let tool = read.get(name);
      if (tool === undefined) read.set(name, (tool = readTool(name, definition)));
      return tool;
    },
  };
}

const NO_TOOLS: Tools = { names: new Set(), get: () => undefined };
const known = new WeakMap<ChatRequest, Tools>();

/** Function tools; read once per request. */
export function toolsOf(request: ChatRequest): Tools {
  if (!request.tools && request['functions'] === undefined) return NO_TOOLS;
  let tools = known.get(request);
  if (tools === undefined) known.set(request, (tools = readTools(request)));
  return tools;
}

const prompts = new WeakMap<ChatRequest, string>();

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const texts = content.map((part: unknown) => asRecord(part)['text']);
  return texts.filter((text) => typeof text === 'string').join('\n');
}

/** What was said before the answer, the end of it where it is long. */
export function promptOf(request: ChatRequest): string {
  let prompt = prompts.get(request);
  if (prompt === undefined) {
    const texts = request.messages.slice(-20).map((message) => contentText(message.content).slice(-MAX_PROMPT_CHARS));
    prompts.set(request, (prompt = texts.join('\n').slice(-MAX_PROMPT_CHARS)));
  }
  return prompt;
}
