// Free text: summaries by first sentences, and templated prose that says that it is simulated.
import type { Mind } from '../mind.ts';
import type { Prompt } from '../prompt.ts';

const OPENINGS = [
  'Here is a short answer on {topic} (simulated).',
  'Let me say something about {topic} (simulated).',
  '{Topic}: a simulated answer (simulated) in a few sentences.',
  'In brief, on {topic} (simulated):',
];
const BODY = [
  'The main point about {topic} is to start from what is known and to name what is assumed.',
  'It helps to look at {topic} from two sides: what it costs and what it brings.',
  'A first step with {topic} is to agree on the goal, then on how to measure it.',
  'Most difficulties with {topic} come from details that were left open at the start.',
  'Examples make {topic} easier to grasp than definitions do.',
  'For {topic}, small steps that can be checked beat one large step.',
  'Those who work with {topic} every day advise to keep things simple.',
  'Whatever is decided about {topic}, it should be written down and looked at again later.',
];
const ASIDES = ['This may be beside the question.', 'I am not certain that this is what was meant.'];
const STOP = new Set(
  'a an the and or of to in on for with is are was were be please write tell me about explain describe give what how why who which do does can could you i my your it this that these those short poem story paragraph words sentence sentences'.split(
    ' ',
  ),
);
const GREETING = 'Hello! I am one of the simulated models of the sandbox (simulated). What can I do for you?';
const MAX_WORDS = 3000;

function topicOf(text: string): string {
  const named =
    /\b(?:about|explain|describe|discuss|define)\s+(?:(?:to me|how|what|why|the concept of)\s+)?([^.?!\n,:]{3,60}?)(?=\s+(?:in|with|using|to)\s|[.?!\n,:]|$)/i.exec(
      text.slice(0, 2000),
    )?.[1];
  if (named !== undefined) return named.trim();
  const words = (text.slice(0, 600).match(/\p{L}[\p{L}\p{N}'-]*/gu) ?? []).filter(
    (word) => !STOP.has(word.toLowerCase()),
  );
  return words.slice(0, 4).join(' ') || 'this';
}

function lengthOf(text: string): number | null {
  const asked = /\b(\d{2,5})[- ]words?\b/i.exec(text)?.[1];
  return asked === undefined ? null : Math.min(Number(asked), MAX_WORDS);
}

/** What it sees, when images or sounds come with the question. */
function senses(prompt: Prompt): string[] {
  const several = (count: number, one: string, many: string): string =>
    count === 1 ? `an ${one}` : `${count} ${many}`;
  return [
    ...(prompt.images > 0 ? [`I can see ${several(prompt.images, 'image', 'images')} (simulated).`] : []),
    ...(prompt.sounds > 0 ? [`I can hear ${several(prompt.sounds, 'audio clip', 'audio clips')} (simulated).`] : []),
  ];
}

export function writeProse(prompt: Prompt, mind: Mind): string {
  if (/^\W*(?:hi|hello|hey|good (?:morning|evening))\b[^?]{0,20}$/i.test(prompt.text) && prompt.images === 0)
    return GREETING;
  const topic = topicOf(prompt.text);
  const fill = (template: string): string =>
    template.replaceAll('{topic}', topic).replaceAll('{Topic}', topic[0]!.toUpperCase() + topic.slice(1));
  const wanted = lengthOf(prompt.text);
  const usual = { terse: 1, plain: 2, thorough: 4 }[mind.behaviour.voice];
  const good = mind.isRight('prose', 'prose');
  const sentences = [...senses(prompt), fill(mind.own.pick('opening', OPENINGS))];
  if (!good) sentences.push(mind.slip('prose', ASIDES));
  const start = Math.floor(mind.own.unit('body') * BODY.length);
  const words = (): number => sentences.join(' ').split(' ').length;
  for (let index = 0; wanted === null ? index < usual : words() < wanted; index++) {
    sentences.push(fill(BODY[(start + index) % BODY.length]!));
  }
  const text = sentences.join(' ');
  return wanted === null ? text : text.split(' ').slice(0, Math.max(wanted, 1)).join(' ');
}

export const sentencesOf = (text: string): string[] =>
  (text.match(/[^.!?\n]+(?:[.!?]+(?=\s|$)|\n|$)|[^.!?\n]+[.!?]/g) ?? [])
    .map((sentence) => sentence.trim())
    .filter(Boolean);

/** The first sentences of what follows the instruction. */
export function summaryOf(text: string, sentences: number): string {
  const body = /\b(?:summari[sz]e|summary|tl;?dr)\b[^:\n]{0,200}[:\n]\s*([^]+)$/i.exec(text)?.[1] ?? text;
  return sentencesOf(body).slice(0, sentences).join(' ');
}

export function writeSummary(prompt: Prompt, mind: Mind): string | null {
  if (!/\b(?:summari[sz]e|summary|tl;?dr)\b/i.test(prompt.text)) return null;
  const asked = /\b(one|two|three|\d)[- ]sentences?\b/i.exec(prompt.text)?.[1]?.toLowerCase();
  const count =
    asked === undefined
      ? mind.behaviour.voice === 'terse'
        ? 1
        : 2
      : ({ one: 1, two: 2, three: 3 }[asked] ?? Number(asked));
  const summary = summaryOf(prompt.text, Math.max(1, count));
  if (summary === '') return null;
  const kept = mind.isRight('prose', 'prose') ? summary : sentencesOf(prompt.text).at(-1)!;
  return `${kept} (simulated)`;
}
