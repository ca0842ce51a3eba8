// Events as bytes: what an SSE client reads in them is what was put in.
import { createParser } from 'eventsource-parser';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuorumError } from '../../src/contract/index.ts';
import { SSE_DONE, sseComment, sseData, sseEvent, streamErrorEvent } from '../../src/wire/index.ts';

interface Read {
  readonly events: { readonly event: string | undefined; readonly data: string }[];
  readonly comments: string[];
}

function read(bytes: Uint8Array): Read {
  const seen: Read = { events: [], comments: [] };
  const parser = createParser({
    onEvent: ({ event, data }) => seen.events.push({ event, data }),
    onComment: (comment) => seen.comments.push(comment),
  });
  parser.feed(Buffer.from(bytes).toString());
  return seen;
}

describe('events as bytes', () => {
  it('carries any JSON value in one event, named or not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, name) => {
        const data = JSON.stringify(value);
        expect(read(sseData(value))).toEqual({ events: [{ event: undefined, data }], comments: [] });
        expect(read(sseEvent(name, value)).events.map((event) => event.data)).toEqual([data]);
      }),
    );
    expect(read(sseEvent('quorum.stage', { a: 1 })).events[0]?.event).toBe('quorum.stage');
  });

  it('keeps any comment a comment', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '\r', ':', ' ', 'data: x', '{') }), (text) => {
        const { events, comments } = read(sseComment(text));
        expect(events).toEqual([]);
        expect(comments).toEqual(text.split(/\r\n|\n|\r/));
      }),
    );
  });

  it('closes a stream, and fails one in the middle, as the contract says', () => {
    expect(Buffer.from(SSE_DONE).toString()).toBe('data: [DONE]\n\n');
    const failure = new QuorumError('upstream_error', 'The stream broke off.');
    const [event] = read(streamErrorEvent(failure, { id: 'chatcmpl-1', created: 1_700_000_000, model: 'auto' })).events;
    expect(event?.event).toBeUndefined();
    expect(JSON.parse(event!.data)).toMatchObject({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'auto',
      choices: [{ index: 0, finish_reason: 'error' }],
      error: { message: 'The stream broke off.', type: 'server_error', param: null, code: 'upstream_error' },
    });
  });
});
