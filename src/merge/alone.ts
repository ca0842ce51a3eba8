// One candidate alone: nothing to compare, so nothing is read more closely than its checks did.
import type { AnswerKind, Candidate, Judgement, MergeContext, Merged, ToolCall } from '../contract/index.ts';

const MOST_SHOWN = 200;

export function alone(candidate: Candidate, { violations }: Judgement, { request }: MergeContext): Merged {
  const { content, tool_calls: calls } = candidate.message;
  const kind: AnswerKind = calls?.length
    ? 'tool_calls'
    : asksJson(request.response_format?.type)
      ? 'json'
      : content
        ? 'prose'
        : 'empty';
  const value = calls?.length ? calls.map(nameOf).join(', ') : (content ?? '').slice(0, MOST_SHOWN);
  return {
    kind,
    base: candidate,
    message: null,
    models: [candidate.model],
    agreement: 1,
    disputed: false,
    tie: false,
    camps: [{ models: [candidate.model], weight: candidate.weight, value }],
    provenance: [],
    violations,
  };
}

/** What comes over the wire may be a call of neither kind. */
const nameOf = ({ custom, function: called, type }: Partial<ToolCall>): string =>
  (custom ?? called)?.name ?? type ?? '';
const asksJson = (type: string | undefined): boolean => type === 'json_object' || type === 'json_schema';
