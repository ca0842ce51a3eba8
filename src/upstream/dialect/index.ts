// Which dialect a provider speaks. Providers are data, dialects are code.
import type { Provider } from '../../contract/index.ts';
import { anthropic } from './anthropic/index.ts';
import type { Dialect } from './dialect.ts';
import { gemini } from './gemini/index.ts';
import { openai } from './openai.ts';
import { withReasoning } from './reasoning.ts';

export type { Dialect, NativeError, Route, Translator } from './dialect.ts';

export function dialectOf({ type, reasoningField }: Provider): Dialect {
  switch (type) {
    case 'openai':
    case 'sandbox':
      return reasoningField === undefined ? openai : withReasoning(openai, reasoningField);
    case 'anthropic':
      return anthropic;
    case 'gemini':
      return gemini;
    default:
      return type satisfies never;
  }
}
