// Anthropic's answers as OpenAI's chunks: content blocks become text, reasoning and tool calls.
import type { Usage } from '../../../contract/index.ts';
import type { ChunkWriter, Reader } from '../chunks.ts';
import type { Circumstances } from '../dialect.ts';
import { isObject, listOf, text, type Fields } from '../parts.ts';

const REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  // The provider's own tools are not done yet; sent back as it is, the answer goes on.
  pause_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
};

/** A whole message as the events that a stream of it would have. */
export function eventsOf({ content, stop_reason, stop_details, usage, ...head }: Fields): unknown[] {
  return [
    { type: 'message_start', message: { ...head, usage } },
    ...listOf(content).flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: block },
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_delta', delta: { stop_reason: stop_reason ?? 'end_turn', stop_details }, usage },
    { type: 'message_stop' },
  ];
}

/** What is known of a block that has begun. */
interface Block {
  readonly type: string;
  /** Place among the tool calls; -1 for other blocks. */
  readonly call: number;
  thinking: string;
  signature: string;
  /** Some input was sent. */
  filled: boolean;
}

export function createAnthropicReader(writer: ChunkWriter, circumstances: Circumstances): Reader {
  const blocks = new Map<unknown, Block>();
  const { model } = circumstances;
  let usage: Fields = {};
  let calls = 0;
  let finished = false;
  let told = false;

  const tellUsage = (): void => {
    if (!told && Object.keys(usage).length > 0) writer.usage(anthropicUsage(usage));
    told = true;
  };

  const callDelta = (call: number, called: Fields, named: Fields = {}): void =>
    writer.delta(0, { tool_calls: [{ index: call, ...named, function: called }] });

  function begin(index: unknown, start: Fields): void {
    const type = text(start['type']);
    const block: Block = {
      type,
      call: type === 'tool_use' ? calls++ : -1,
      thinking: text(start['thinking']),
      signature: text(start['signature']),
      filled: false,
    };
    blocks.set(index, block);
    if (type === 'tool_use') {
      const input =
        isObject(start['input']) && Object.keys(start['input']).length > 0 ? JSON.stringify(start['input']) : '';
      block.filled = input !== '';
      callDelta(
        block.call,
        { name: text(start['name']), arguments: input },
        { id: text(start['id']), type: 'function' },
      );
    } else if (type === 'text') writer.delta(0, { content: text(start['text']) });
    else if (type === 'thinking') writer.delta(0, { reasoning_content: block.thinking });
    else if (type === 'redacted_thinking') writer.delta(0, { thinking_blocks: [{ type, data: start['data'], model }] });
  }

  function goOn(block: Block | undefined, delta: Fields): void {
    switch (delta['type']) {
      case 'text_delta':
        writer.delta(0, { content: text(delta['text']) });
        return;
      case 'thinking_delta':
        if (block !== undefined) block.thinking += text(delta['thinking']);
        writer.delta(0, { reasoning_content: text(delta['thinking']) });
        return;
      case 'signature_delta':
        if (block !== undefined) block.signature += text(delta['signature']);
        return;
      case 'input_json_delta': {
        const piece = text(delta['partial_json']);
        if (block === undefined || block.call < 0 || piece === '') return;
        block.filled = true;
        callDelta(block.call, { arguments: piece });
      }
    }
  }

  /** The signed block goes out whole, for the client to send back with the next turn: tools need it. */
  function close(block: Block | undefined): void {
    if (block?.type === 'tool_use' && !block.filled) callDelta(block.call, { arguments: '{}' });
    if (block?.type !== 'thinking' || block.signature === '') return;
    const { thinking, signature } = block;
    writer.delta(0, { thinking_blocks: [{ type: 'thinking', thinking, signature, model }] });
  }

  function finish(delta: Fields): void {
    const reason = text(delta['stop_reason']);
    if (reason === '' || finished) return;
    finished = true;
    const details = delta['stop_details'];
    const words = isObject(details) ? text(details['explanation']) : '';
    if (reason === 'refusal' && words !== '') writer.delta(0, { refusal: words });
    writer.finish(0, REASONS[reason] ?? 'stop', reason);
  }

  return {
    take(event) {
      if (!isObject(event)) return;
      const { type, index, delta } = event;
      if (type === 'message_start' && isObject(event['message'])) {
        writer.head(event['message']['id'], event['message']['model']);
        usage = merged(usage, event['message']['usage']);
      } else if (type === 'content_block_start' && isObject(event['content_block']))
        begin(index, event['content_block']);
      else if (type === 'content_block_delta' && isObject(delta)) goOn(blocks.get(index), delta);
      else if (type === 'content_block_stop') close(blocks.get(index));
      else if (type === 'message_delta') {
        usage = merged(usage, event['usage']);
        if (isObject(delta)) finish(delta);
      } else if (type === 'message_stop') {
        tellUsage();
        writer.done();
      } else if (type === 'error') {
        const error = isObject(event['error']) ? event['error'] : {};
        writer.fail(text(error['message']), text(error['type']), JSON.stringify(event));
      }
    },
    end() {
      if (finished) tellUsage();
    },
  };
}

/** The counts of a `message_delta` are totals, and stand for those that came before. */
const merged = (known: Fields, more: unknown): Fields =>
  isObject(more)
    ? { ...known, ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null)) }
    : known;

const count = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0);

/** `input_tokens` counts neither what was read from the cache nor what was written to it; OpenAI's `prompt_tokens` counts all. */
function anthropicUsage(usage: Fields): Usage {
  const read = count(usage['cache_read_input_tokens']);
  const written = count(usage['cache_creation_input_tokens']);
  const prompt = count(usage['input_tokens']) + read + written;
  const completion = count(usage['output_tokens']);
  const details = usage['output_tokens_details'];
  const thought = isObject(details) ? count(details['thinking_tokens']) : 0;
  const kept = ['cache_creation', 'server_tool_use', 'service_tier'].filter((key) => usage[key] != null);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: read, cache_write_tokens: written },
    ...(thought > 0 && { completion_tokens_details: { reasoning_tokens: thought } }),
    ...Object.fromEntries(kept.map((key) => [key, usage[key]])),
  };
}
