// The token counts of an answer, wherever a provider puts them.
import type { Usage } from '../contract/index.ts';

/** Usage with its three counts as whole, non-negative numbers (a missing total is their sum), or null when it says nothing usable. */
function readUsage(value: unknown): Usage | null {
  if (typeof value !== 'object' || value === null) return null;
  const usage = value as Readonly<Record<string, unknown>>;
  const prompt = count(usage['prompt_tokens']);
  const completion = count(usage['completion_tokens']);
  if (prompt === null && completion === null) return null;
  const sum = (prompt ?? 0) + (completion ?? 0);
  const total = count(usage['total_tokens']) ?? sum;
  if (prompt !== null && completion !== null && usage['total_tokens'] === total) return value as Usage;
  return { ...usage, prompt_tokens: prompt ?? 0, completion_tokens: completion ?? 0, total_tokens: total };
}

/** A chunk's usage: at the top (OpenAI), under `x_groq` (Groq), in its first choice (Moonshot), or call by call (Ark's bots). */
export function usageOfChunk(chunk: Readonly<Record<string, unknown>>): Usage | null {
  const groq = chunk['x_groq'] as { readonly usage?: unknown } | null | undefined;
  const choices = chunk['choices'];
  const first = (Array.isArray(choices) ? choices[0] : undefined) as { readonly usage?: unknown } | null | undefined;
  return readUsage(chunk['usage']) ?? readUsage(groq?.usage) ?? readUsage(first?.usage) ?? usageOfBot(chunk);
}

/** What a bot's model used, each time that it was asked. */
function usageOfBot({ bot_usage: told }: Readonly<Record<string, unknown>>): Usage | null {
  const calls = (told as { readonly model_usage?: unknown } | null | undefined)?.model_usage;
  if (!Array.isArray(calls)) return null;
  const usages = calls.map(readUsage).filter((usage) => usage !== null);
  if (usages.length === 0) return null;
  const sum = (field: 'prompt_tokens' | 'completion_tokens' | 'total_tokens'): number =>
    usages.reduce((total, usage) => total + usage[field], 0);
  return {
    prompt_tokens: sum('prompt_tokens'),
    completion_tokens: sum('completion_tokens'),
    total_tokens: sum('total_tokens'),
  };
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
