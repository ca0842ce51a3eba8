// Puts a stream of chat.completion.chunk events together into the completion it stands for.
import { createParser } from 'eventsource-parser';
import type { Completion, Usage } from '../contract/index.ts';
import { createChoiceDraft, joined, type ChoiceDraft } from './delta.ts';
import { usageOfChunk } from './usage.ts';
import { parseAnswer } from './nesting.ts';

const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

interface CompletionCollector {
  push(chunk: Uint8Array): void;
  /** Ends the stream. Null when no chunk of a completion came, or an error did. Events that aren't JSON are skipped. */
  completion(): Completion | null;
}

type Fields = Record<string, unknown>;

export function createCompletionCollector(): CompletionCollector {
  const decoder = new TextDecoder();
  const draft = createCompletionDraft();
  let overflowed = false;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: ({ data }) => draft.take(data),
    onError: ({ type }) => {
      overflowed ||= type === 'max-buffer-size-exceeded';
    },
  });
  const feed = (text: string): void => {
    if (!overflowed && text !== '') parser.feed(text);
  };

  return {
    push: (chunk) => feed(decoder.decode(chunk, { stream: true })),
    completion() {
      feed(`${decoder.decode()}\n\n`);
      return overflowed ? null : draft.completion();
    },
  };
}

/** The completion in a whole event stream, or null. */
export function completionFromStream(bytes: Uint8Array): Completion | null {
  const collector = createCompletionCollector();
  collector.push(bytes);
  return collector.completion();
}

interface CompletionDraft {
  take(data: string): void;
  completion(): Completion | null;
}

/** Padding against traffic analysis, and what belongs to the chunk alone. */
const OWN_OF_CHUNK = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'error',
  'obfuscation',
  '__proto__',
]);

function createCompletionDraft(): CompletionDraft {
  const choices = new Map<number, ChoiceDraft>();
  const more: Fields = {};
  let head: { id: string; created: number; model: string } | null = null;
  let usage: Usage | null = null;
  let failed = false;

  const takeChoice = (choice: unknown, at: number): void => {
    if (typeof choice !== 'object' || choice === null) return;
    const fields = choice as Fields;
    if (fields['finish_reason'] === 'error') failed = true;
    const index = typeof fields['index'] === 'number' ? fields['index'] : at;
    const draft = choices.get(index) ?? createChoiceDraft(index);
    choices.set(index, draft);
    draft.take(fields);
  };

  return {
    take(data) {
      const chunk = chunkIn(data);
      if (chunk === null) return;
      if (isError(chunk)) failed = true;
      else if (Array.isArray(chunk['choices']) || head !== null) {
        head = headOf(chunk, head);
        usage = usageOfChunk(chunk) ?? usage;
        if (Array.isArray(chunk['choices'])) chunk['choices'].forEach(takeChoice);
        for (const key of Object.keys(chunk)) {
          if (!OWN_OF_CHUNK.has(key)) more[key] = chunk[key] ?? more[key] ?? null;
        }
      }
    },
    completion() {
      if (failed || head === null) return null;
      const inOrder = [...choices].toSorted(([left], [right]) => left - right).map(([, draft]) => draft.choice());
      const { id, created, model } = head;
      return { id, object: 'chat.completion', created, model, choices: inOrder, ...(usage && { usage }), ...more };
    },
  };
}

function headOf(
  chunk: Fields,
  old: { id: string; created: number; model: string } | null,
): { id: string; created: number; model: string } {
  const text = (key: string, known: string | undefined): string =>
    known || (typeof chunk[key] === 'string' ? chunk[key] : '');
  const created = old?.created || (typeof chunk['created'] === 'number' ? chunk['created'] : 0);
  return { id: text('id', old?.id), created, model: text('model', old?.model) };
}

function isError(chunk: Fields): boolean {
  return chunk['object'] === 'error' || (joined(undefined, chunk['error'], 'error') ?? '') !== '';
}

function chunkIn(data: string): Fields | null {
  if (!data.startsWith('{') && !/^\s*\{/.test(data)) return null;
  try {
    return parseAnswer(data) as Fields;
  } catch {
    return null;
  }
}
