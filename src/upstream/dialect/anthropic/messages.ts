// A conversation in Anthropic's words: content blocks, tool results at the head of the user's turn, thinking given back as it came.
import { rejection } from '../rejection.ts';
import { isObject, listOf, text, type Fields, type Part } from '../parts.ts';
import type { Call, Talk, Turn } from '../talk.ts';

interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: readonly Fields[];
}

/** `model`: thinking of another one is left out, since its signature isn't worth anything here. */
export function anthropicMessages({ turns }: Talk, model: string): Message[] {
  const messages = turns.map((turn) => messageOf(turn, model)).filter(({ content }) => content.length > 0);
  // The first and the last word are the user's; an answer that is begun for the model is no longer taken.
  if (messages[0]?.role === 'assistant') messages.unshift(said('(The conversation begins.)'));
  if (messages.at(-1)?.role === 'assistant') messages.push(said('Go on.'));
  return messages;
}

const said = (words: string): Message => ({ role: 'user', content: [{ type: 'text', text: words }] });

function messageOf(turn: Turn, model: string): Message {
  switch (turn.role) {
    case 'user':
      return { role: 'user', content: [...turn.results.map(resultOf), ...turn.parts.map(blockOf)] };
    case 'assistant': {
      const thinking = thinkingOf(turn.source, model);
      return { role: 'assistant', content: [...thinking, ...turn.parts.map(blockOf), ...turn.calls.map(useOf)] };
    }
    default:
      return turn satisfies never;
  }
}

export const systemBlocks = (system: readonly Part[]): Fields[] => system.map(blockOf);

/** Ids of other providers may hold what Anthropic's may not. */
const idOf = ({ id }: Call): string => id.replace(/[^a-zA-Z0-9_-]/g, '_');

const useOf = (call: Call): Fields => ({ type: 'tool_use', id: idOf(call), name: call.name, input: call.input });

function resultOf({ call, parts }: { readonly call: Call; readonly parts: readonly Part[] }): Fields {
  const content = parts.map(blockOf);
  const [first] = parts;
  const plain = parts.length === 1 && first?.kind === 'text' ? first.text : content;
  return { type: 'tool_result', tool_use_id: idOf(call), ...(content.length > 0 && { content: plain }) };
}

/** Only what is signed can be given back. */
function thinkingOf(source: Fields, model: string): Fields[] {
  return listOf(source['thinking_blocks']).flatMap(({ model: from, ...block }) => {
    const signed = block['type'] === 'redacted_thinking' ? isFilled(block['data']) : isFilled(block['signature']);
    return signed && (from === undefined || from === model) ? [block] : [];
  });
}

const isFilled = (value: unknown): boolean => typeof value === 'string' && value !== '';

function blockOf(part: Part): Fields {
  switch (part.kind) {
    case 'text':
      return { type: 'text', text: part.text, ...part.more };
    case 'image':
      return { type: 'image', source: sourceOf(part, 'image/jpeg'), ...part.more };
    case 'file':
      return { type: 'document', source: sourceOf(part, 'application/pdf'), ...part.more };
    case 'audio':
      throw rejection('This model takes no audio.', 'messages');
    default:
      return part satisfies never;
  }
}

function sourceOf({ media }: Exclude<Part, { readonly kind: 'text' }>, usualType: string): Fields {
  if (media.url !== null) return { type: 'url', url: media.url };
  if (media.data?.startsWith('file_') === true) return { type: 'file', file_id: media.data };
  return { type: 'base64', media_type: media.type ?? usualType, data: media.data };
}

/** Tools that the conversation used and the request doesn't bring along: without a definition the API refuses their calls. */
export function toolsOfTheTalk({ turns }: Talk): Fields[] {
  const names = new Set(turns.flatMap((turn) => (turn.role === 'assistant' ? turn.calls.map(({ name }) => name) : [])));
  return [...names].map((name) => ({ name, input_schema: { type: 'object', properties: {} } }));
}

/** Whether the turn that goes on after tools has its thinking: with a budget for thinking the API insists on it. */
export function lacksThinking({ turns }: Talk): boolean {
  const last = turns.findLast((turn) => turn.role === 'assistant');
  const after = turns.at(-1);
  if (last?.role !== 'assistant' || last.calls.length === 0) return false;
  if (after?.role !== 'user' || after.results.length === 0) return false;
  return !listOf(last.source['thinking_blocks']).some((block) => isObject(block) && text(block['type']) !== '');
}
