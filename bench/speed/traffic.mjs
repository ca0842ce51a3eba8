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
