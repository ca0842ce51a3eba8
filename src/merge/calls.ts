// Tool calls as what they ask for: names and arguments, in order or as a set.
import type { ChatRequest, MergeContext } from '../contract/index.ts';
import { isList, isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { shown } from './shown.ts';
import { keyOf } from './same.ts';
import type { Call, Reading } from './reading.ts';
import { toolsOf } from './request.ts';
import type { Tool } from './request.ts';

const MAX_CALLS = 128;

/** Calls side by side have no order, unless the request says one at a time. */
export const isParallel = (request: ChatRequest): boolean => request['parallel_tool_calls'] !== false;

const isNothing = (value: Json): boolean =>
  value === null || value === '' || (isList(value) && value.length === 0) || (isObject(value) && value.size === 0);

/** An optional argument that is its own default, as far as the schema says it, is as good as left out. */
function isDefault(tool: Tool | undefined, name: string, value: Json): boolean {
  const property = tool?.properties[name];
  if (property === undefined || tool!.required.has(name)) return false;
  if (property.default !== undefined) return keyOf(value) === keyOf(jsonText(property.default));
  return value === null;
}

const jsonText = (value: unknown): Json =>
  typeof value === 'string' || typeof value === 'boolean' || value === null
    ? value
    : typeof value === 'number'
      ? String(value)
      : null;

/** The arguments' key, defaults left out. */
function argumentsKey(call: Call, tool: Tool | undefined): string {
  if (call.arguments === null) return `?${call.source.function?.arguments?.slice(0, 2_000) ?? ''}`;
  const fields = [...call.arguments]
    .filter(([name, value]) => !isDefault(tool, name, value))
    .map(([name, value]) => `${JSON.stringify(name)}:${keyOf(value)}`);
  return fields.sort().join(',');
}

const keys = new WeakMap<Reading, { readonly request: ChatRequest; readonly key: string }>();

/** Equal for answers that make the same calls. `no call` where none is made. */
export function callsKey(reading: Reading, context: MergeContext): string {
  const known = keys.get(reading);
  if (known?.request === context.request) return known.key;
  const tools = toolsOf(context.request);
  const written = reading.calls
    .slice(0, MAX_CALLS)
    .map((call) => `${call.name}(${argumentsKey(call, tools.get(call.name))})`);
  const key = written.length === 0 ? 'no call' : (isParallel(context.request) ? written.sort() : written).join(' ');
  keys.set(reading, { request: context.request, key });
  return key;
}

export function callsShown(reading: Reading): string {
  if (reading.calls.length === 0) return 'no call';
  return reading.calls
    .slice(0, 8)
    .map((call) => `${call.name}(${call.arguments === null ? '?' : shown(call.arguments).slice(0, 200)})`)
    .join(' ');
}

/** Share of arguments two calls have in common, 0-1. */
export function alike(left: JsonObject, right: JsonObject): number {
  const names = new Set([...left.keys(), ...right.keys()]);
  if (names.size === 0) return 1;
  let equal = 0;
  for (const name of names) {
    const [one, other] = [left.get(name), right.get(name)];
    if (one === undefined || other === undefined) equal += isNothing(one ?? other ?? null) ? 0.5 : 0;
    else if (keyOf(one) === keyOf(other)) equal += 1;
    else equal += partly(one, other);
  }
  return equal / names.size;
}

function partly(one: Json, other: Json): number {
  if (typeof one !== 'string' || typeof other !== 'string') return 0;
  const [left, right] = [keyOf(one).slice(2), keyOf(other).slice(2)];
  return left !== '' && right !== '' && (left.includes(right) || right.includes(left)) ? 0.5 : 0;
}
