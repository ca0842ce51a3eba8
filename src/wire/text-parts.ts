// Content as text. OpenAI answers with a string; Mistral's reasoning models answer with parts.

interface SplitContent {
  readonly text: string;
  readonly reasoning: string;
}

/** The text of content parts, and apart from it what the model thought; null when it isn't a list of parts. */
export function splitParts(content: unknown): SplitContent | null {
  if (!Array.isArray(content)) return null;
  let text = '';
  let reasoning = '';
  for (const part of content as readonly (Readonly<Record<string, unknown>> | null)[]) {
    if (typeof part?.['text'] === 'string') text += part['text'];
    else if (Array.isArray(part?.['thinking'])) reasoning += splitParts(part['thinking'])?.text ?? '';
    else if (typeof part?.['thinking'] === 'string') reasoning += part['thinking'];
  }
  return { text, reasoning };
}
