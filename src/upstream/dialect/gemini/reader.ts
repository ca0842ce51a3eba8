// Gemini's answers as OpenAI's chunks: the parts of each candidate become text, reasoning and tool calls.
import type { Usage } from '../../../contract/index.ts';
import type { ChunkWriter, Reader } from '../chunks.ts';
import { isObject, listOf, text, type Fields } from '../parts.ts';

const CUT_SHORT = new Set(['MAX_TOKENS']);
const FILTERED = new Set(
  'SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION IMAGE_OTHER NO_IMAGE'.split(
    ' ',
  ),
);
/** The model wrote something that is no call; there is no answer in it. */
const BROKEN = new Set(
  'MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MALFORMED_RESPONSE MISSING_THOUGHT_SIGNATURE'.split(
    ' ',
  ),
);

interface Candidate {
  calls: number;
  /** Some text or a call was there. */
  said: boolean;
  signed: boolean;
  finished: boolean;
}

export function createGeminiReader(writer: ChunkWriter): Reader {
  const candidates = new Map<number, Candidate>();
  let id = '';
  let usage: Fields | null = null;

  function candidateAt(index: number): Candidate {
    const known = candidates.get(index) ?? { calls: 0, said: false, signed: false, finished: false };
    candidates.set(index, known);
    return known;
  }

  function takeCall(index: number, candidate: Candidate, part: Fields, call: Fields): void {
    const nth = candidate.calls++;
    candidate.said = true;
    const signature = text(part['thoughtSignature']);
    writer.delta(index, {
      tool_calls: [
        {
          index: nth,
          id: text(call['id']) || `call_${id || 'gemini'}_${index}_${nth}`,
          type: 'function',
          function: { name: text(call['name']), arguments: JSON.stringify(call['args'] ?? {}) },
          ...(signature !== '' && signed(signature)),
        },
      ],
    });
  }

  function takePart(index: number, candidate: Candidate, part: Fields): void {
    if (isObject(part['functionCall'])) {
      takeCall(index, candidate, part, part['functionCall']);
      return;
    }
    const words = wordsOf(part);
    const signature = candidate.signed ? '' : text(part['thoughtSignature']);
    if (words === '' && signature === '') return;
    candidate.signed ||= signature !== '';
    if (part['thought'] === true) writer.delta(index, { reasoning_content: words });
    else {
      candidate.said ||= words !== '';
      writer.delta(index, { content: words, ...(signature !== '' && signed(signature)) });
    }
  }

  function finish(index: number, candidate: Candidate, reason: string): void {
    if (candidate.finished) return;
    if (BROKEN.has(reason) && !candidate.said) {
      const message = `The model's answer was broken (${reason}).`;
      writer.fail(message, 'server_error', JSON.stringify({ error: { code: 502, message, status: reason } }));
      return;
    }
    candidate.finished = true;
    writer.finish(index, reasonOf(reason, candidate), reason);
  }

  /** The prompt itself was turned down: there are no candidates. */
  function refuse(feedback: Fields): void {
    const reason = text(feedback['blockReason']);
    if (reason === '' || candidates.size > 0) return;
    const words = text(feedback['blockReasonMessage']) || `The prompt was blocked (${reason}).`;
    writer.delta(0, { refusal: words });
    candidateAt(0).finished = true;
    writer.finish(0, 'content_filter', reason);
  }

  return {
    take(event) {
      if (!isObject(event)) return;
      if (isObject(event['error'])) {
        writer.fail(text(event['error']['message']), text(event['error']['status']), JSON.stringify(event));
        return;
      }
      id ||= text(event['responseId']);
      writer.head(id, event['modelVersion']);
      if (isObject(event['usageMetadata'])) usage = { ...usage, ...event['usageMetadata'] };
      for (const given of listOf(event['candidates'])) {
        const index = typeof given['index'] === 'number' ? given['index'] : 0;
        const candidate = candidateAt(index);
        const parts = isObject(given['content']) ? listOf(given['content']['parts']) : [];
        for (const part of parts) takePart(index, candidate, part);
        const reason = text(given['finishReason']);
        if (reason !== '' && reason !== 'FINISH_REASON_UNSPECIFIED') finish(index, candidate, reason);
      }
      if (isObject(event['promptFeedback'])) refuse(event['promptFeedback']);
    },
    end() {
      if (candidates.size === 0 || [...candidates.values()].some(({ finished }) => !finished)) return;
      if (usage !== null) writer.usage(geminiUsage(usage));
      writer.done();
    },
  };
}

/** Where Google's own OpenAI-compatible API puts it, and looks for it. */
const signed = (signature: string): Fields => ({ extra_content: { google: { thought_signature: signature } } });

function reasonOf(reason: string, { calls }: Candidate): string {
  if (CUT_SHORT.has(reason)) return 'length';
  if (FILTERED.has(reason)) return 'content_filter';
  return calls > 0 ? 'tool_calls' : 'stop';
}

/** Code that Google ran, and what it gave, are part of the answer. */
function wordsOf(part: Fields): string {
  const { text: words, executableCode: code, codeExecutionResult: result } = part;
  if (isObject(code)) return `\n\`\`\`${text(code['language']).toLowerCase()}\n${text(code['code'])}\n\`\`\`\n`;
  if (isObject(result)) return `\n\`\`\`\n${text(result['output'])}\n\`\`\`\n`;
  return text(words);
}

const count = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0);

const ofModality = (details: unknown, modality: string): number =>
  listOf(details).reduce((sum, detail) => sum + (detail['modality'] === modality ? count(detail['tokenCount']) : 0), 0);

/** Google counts thoughts apart from the answer, and what its own tools brought in apart from the prompt. */
function geminiUsage(usage: Fields): Usage {
  const prompt = count(usage['promptTokenCount']) + count(usage['toolUsePromptTokenCount']);
  const thought = count(usage['thoughtsTokenCount']);
  const completion = count(usage['candidatesTokenCount']) + thought;
  const heard = ofModality(usage['promptTokensDetails'], 'AUDIO');
  const cachedSound = ofModality(usage['cacheTokensDetails'], 'AUDIO');
  const spoken = ofModality(usage['candidatesTokensDetails'], 'AUDIO');
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: count(usage['cachedContentTokenCount']),
      ...(heard > cachedSound && { audio_tokens: heard - cachedSound }),
    },
    completion_tokens_details: { reasoning_tokens: thought, ...(spoken > 0 && { audio_tokens: spoken }) },
  };
}
