// What the router looks at, taken from the request once, in bounded time however long the prompt is.
import type { ChatMessage, ChatRequest, Features } from '../contract/index.ts';
import { sizeOf } from './size.ts';

const USER_WINDOW = 4_096;
const SYSTEM_WINDOW = 1_024;
/** Stands in `Features.text` between what was asked last, the system prompt, and what was asked before something short. */
export const SECTION = '\u001d';

type Part = Readonly<Record<string, unknown>>;

/** First and last `window` of the message's text. */
function windowOf(message: ChatMessage | undefined, window: number): string {
  const content = message?.content;
  if (typeof content === 'string') return ends(content, window);
  if (!Array.isArray(content)) return '';
  let text = '';
  for (const part of content as readonly Part[]) {
    if (typeof part['text'] === 'string') text += text === '' ? part['text'] : `\n${part['text']}`;
  }
  return ends(text, window);
}

const ends = (text: string, window: number): string =>
  text.length <= 2 * window ? text : `${text.slice(0, window)}\n${text.slice(-window)}`;

const CODE_SIGNS = ['();', '};', '</', '=>', '#include', '==', '!='];
/** However they are spaced. */
const BLOCK = /\)\s*\{/;

/** Fences of these hold data or a form to fill in. */
const DATA_FENCES = new Set(['json', 'text', 'txt', 'markdown', 'md', 'csv', 'xml', 'yaml', 'plaintext']);

function hasCodeIn(text: string): boolean {
  if (CODE_SIGNS.some((sign) => text.includes(sign)) || (text.includes('{') && BLOCK.test(text))) return true;
  if (!text.includes('```')) return false;
  const named = [...text.matchAll(/```([a-z][a-z0-9+#]*)/gi)];
  return named.length === 0 || named.some(([, language]) => !DATA_FENCES.has(language!.toLowerCase()));
}

interface Shape {
  readonly lastUser: ChatMessage | undefined;
  /** The user's message before it. */
  readonly earlier: ChatMessage | undefined;
  readonly system: ChatMessage | undefined;
  readonly turns: number;
  readonly images: boolean;
  readonly audio: boolean;
}

function shapeOf(messages: ChatRequest['messages']): Shape {
  let [lastUser, earlier, system]: (ChatMessage | undefined)[] = [];
  let [turns, images, audio] = [0, false, false];
  for (const message of messages) {
    if (message.role === 'user') {
      turns += 1;
      earlier = lastUser;
      lastUser = message;
    } else if (message.role === 'system' || message.role === 'developer') system ??= message;
    if (!Array.isArray(message.content)) continue;
    for (const part of message.content) {
      if (part.type === 'image_url' || part.type === 'input_image') images = true;
      else if (part.type === 'input_audio') audio = true;
    }
  }
  return { lastUser: lastUser ?? messages.at(-1), earlier, system, turns, images, audio };
}

const filled = (list: unknown): boolean => Array.isArray(list) && list.length > 0;

function formatOf(request: ChatRequest): Features['responseFormat'] {
  const type = request.response_format?.type;
  return type === 'json_schema' || type === 'json_object' ? type : 'text';
}

/** What comes after something as short as "and in French?" goes on with what was asked before. */
const FOLLOW_UP = 48;

/** What was asked last, and after it what it has to be understood by. */
function textOf(asked: string, { system, earlier }: Shape): string {
  const around = windowOf(system, SYSTEM_WINDOW / 2);
  const before = earlier !== undefined && asked.length <= FOLLOW_UP ? windowOf(earlier, SYSTEM_WINDOW / 2) : '';
  if (before === '') return around === '' ? asked : `${asked}${SECTION}${around}`;
  return `${asked}${SECTION}${around}${SECTION}${before}`;
}

export function featuresOf(request: ChatRequest): Features {
  const shape = shapeOf(request.messages);
  const asked = windowOf(shape.lastUser, USER_WINDOW);
  return {
    text: textOf(asked, shape),
    inputTokens: sizeOf(request, shape.lastUser),
    maxOutputTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    turns: shape.turns,
    hasTools: (filled(request.tools) || filled(request['functions'])) && request['tool_choice'] !== 'none',
    hasImages: shape.images,
    hasAudio: shape.audio || (Array.isArray(request['modalities']) && request['modalities'].includes('audio')),
    hasCode: hasCodeIn(asked),
    responseFormat: formatOf(request),
    choices: request.n ?? 1,
    wantsLogprobs: request.logprobs === true,
    stream: request.stream === true,
  };
}
