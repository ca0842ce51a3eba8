// What goes over the wire in every measurement: the questions, the whole answer and the events of a stream.

const SUBJECTS = [
  'the minutes of the housing committee',
  'a complaint about a late parcel',
  'the release notes of a database',
  'a recipe for lentil soup',
  'the abstract of a paper on tides',
  'an invitation to a school concert',
  'the terms of a rental contract',
  'a review of a pair of headphones',
];
const WISHES = [
  'Summarise',
  'Translate into French',
  'Rewrite politely',
  'List the names in',
  'Shorten',
  'Explain',
  'Classify',
  'Find mistakes in',
];

/** 64 different requests of about 250 bytes. */
export const questions = ({ stream = false, model = 'auto' } = {}) =>
  SUBJECTS.flatMap((subject) =>
    WISHES.map((wish) =>
      JSON.stringify({
        model,
        messages: [
          { role: 'system', content: 'You are a helpful assistant. Answer briefly.' },
          { role: 'user', content: `${wish} ${subject}, and keep to what is written there. Two sentences are enough.` },
        ],
        temperature: 0.2,
        ...(stream && { stream: true }),
      }),
    ),
  );

const PROSE = 'the tide tables of 2024, "revised", and the parcels that were late; then code: const x = f(y);\n'.repeat(
  12_000,
);
const proseFrom = (at, length) => PROSE.slice(at * 7, at * 7 + length);

/** What agents and long chats send, by name. */
export const largeBodies = {
  '10 KB in 5 turns': longChat(5, 2_000),
  '100 KB in 50 turns': longChat(50, 2_000),
  '1 MB in 1 turn': longChat(1, 1_000_000),
  '40 tools, 50 KB': longChat(3, 300, { tools: Array.from({ length: 40 }, (_, nth) => toolOf(nth)) }),
};

function longChat(turns, length, more = {}) {
  const said = Array.from({ length: turns }, (_, nth) => ({
    role: nth % 2 === 0 ? 'user' : 'assistant',
    content: proseFrom(nth, length),
  }));
  return JSON.stringify({ model: 'auto', messages: [...said, { role: 'user', content: 'Summarise.' }], ...more });
}

function toolOf(nth) {
  const fields = Array.from({ length: 8 }, (_, field) => [
    `field_${field}`,
    { type: 'string', description: proseFrom(field, 60) },
  ]);
  return {
    type: 'function',
    function: {
      name: `tool_${nth}`,
      description: proseFrom(nth, 300),
      parameters: { type: 'object', properties: Object.fromEntries(fields), required: ['field_0'] },
    },
  };
}

const HEAD = { id: 'chatcmpl-9fJ2kQ7mXbVtR4cLw', created: 1_767_225_600, model: 'bench-model' };
const USAGE = { prompt_tokens: 52, completion_tokens: 41, total_tokens: 93 };
const TEXT =
  'The committee postponed its vote until small landlords have been heard. A second meeting will follow in March, once the figures on vacant flats are in.';

/** About 500 bytes. */
export const wholeAnswer = JSON.stringify({
  ...HEAD,
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: TEXT, refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  usage: USAGE,
});

const event = (fields) => `data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', ...fields })}\n\n`;
const delta = (content, finish_reason = null) =>
  event({ choices: [{ index: 0, delta: content, logprobs: null, finish_reason }] });

export const streamEvents = {
  first: delta({ role: 'assistant', content: 'The' }),
  /** About 200 bytes. */
  middle: delta({ content: ' committee' }),
  last: delta({}, 'stop') + event({ choices: [], usage: USAGE }) + 'data: [DONE]\n\n',
};
