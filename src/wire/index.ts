// OpenAI's wire format: bodies in, streams out, chunks ⇄ completion. Pure: bytes and values, no sockets, no clock.
export { parseJsonBody, readJsonBody } from './body.ts';
export { parseChatRequest } from './chat-request.ts';
export { completionFromStream, createCompletionCollector } from './collector.ts';
export { readCompletion } from './completion.ts';
export { streamOf } from './completion-stream.ts';
export { ENDS_WELL, saysSomething } from './endings.ts';
export { createEventCutter, eventData, eventEnd } from './event-bytes.ts';
export { parseAnswer } from './nesting.ts';
export { packPieces } from './packed.ts';
export { SSE_DONE, sseComment, sseData, sseEvent, streamErrorEvent } from './sse.ts';
export { createStreamTap, type TapEnd, type TapOptions } from './stream-tap.ts';
export { forgetText, inexactNumbers, jsonAsWritten } from './written.ts';
