// How one call ended: what it used, whoever counted it, and what it comes to on the trail.
import {
  CallFailure,
  QuorumError,
  type Attempt,
  type Completion,
  type ToolCall,
  type Usage,
} from '../contract/index.ts';
import { estimateText } from '../accounts/index.ts';

/** What one call used, and how it ended. */
export interface Ending {
  readonly usage: Usage | null;
  readonly finishReason: string | null;
  readonly failure: CallFailure | null;
  readonly retries: number;
  /** Attempts that brought nothing and may have been charged. */
  readonly lost?: number | undefined;
  readonly firstByteAt: number | null;
  readonly queueMs?: number | undefined;
}

/** What isn't the call's own failure is the request's; the call still ended by it. */
export function failureOf(thrown: unknown): CallFailure {
  if (thrown instanceof CallFailure) return thrown;
  return thrown instanceof QuorumError
    ? new CallFailure('rate_limited', thrown.message, { sent: false })
    : new CallFailure('malformed', 'Quorum could not handle the answer', { cause: thrown });
}

export const thrownOn = (thrown: unknown, failure: CallFailure): unknown =>
  thrown instanceof QuorumError ? thrown : failure;

export function outcomeOf(failure: CallFailure | null): Attempt['outcome'] {
  if (failure === null) return 'ok';
  return failure.kind === 'aborted' ? 'aborted' : failure.kind === 'timeout' ? 'timeout' : 'failed';
}

/** Each attempt that may have been accepted costs its input, and what was received; one that was refused costs nothing. */
export function usageOf({ usage, failure }: Ending, input: () => number): { usage: Usage | null; estimated: boolean } {
  if (usage !== null) return { usage, estimated: usage['estimated'] === true };
  const lost = failure?.lost ?? 0;
  return lost > 0 ? { usage: guessed(lost * input(), 0), estimated: true } : { usage: null, estimated: false };
}

export const guessed = (input: number, output: number): Usage => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  estimated: true,
});

const textOf = ({ custom, function: called }: Partial<ToolCall>): string =>
  Object.values(custom ?? called ?? {}).join('');

/** The usage of a whole answer that tells none: counted by its texts. */
export function uncounted({ choices }: Completion, input: number): Usage {
  const texts = choices.flatMap(({ message }) => [
    message.content ?? '',
    message.reasoning_content ?? '',
    ...(message.tool_calls ?? []).map(textOf),
  ]);
  return guessed(
    input,
    texts.reduce((sum, text) => sum + estimateText(text), 0),
  );
}
