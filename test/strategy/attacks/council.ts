// A council that is attacked by one of its members: what its judges and chairman are shown, and what comes of it.
import type { ChatRequest } from '../../../src/contract/index.ts';
import { carryOut, type Outcome } from '../../../src/strategy/index.ts';
import type { SimulatedModel } from '../../support/simulated-models.ts';
import { scriptedPanel } from '../scripted-panel.ts';

export const MEMBERS = ['birch-mini', 'cedar-flash', 'dahlia-pro', 'elm-large'] as const;
export const ATTACKER = 'birch-mini';
export const NOTE = '[left out: it spoke to the judges]';
const CUT = '[the rest was left out]';

interface Shown {
  readonly name: string;
  readonly text: string;
}

export function promptOf({ messages }: ChatRequest): string {
  const { content } = messages.at(-1)!;
  return typeof content === 'string' ? content : '';
}

/** The answers in a judge's or chairman's prompt. */
export function shownIn(request: ChatRequest): readonly Shown[] {
  return [...promptOf(request).matchAll(/<<(\w+) (?:answer|draft) (\w+)[^>]*>>\n([^]*?)\n<<\/\1>>/g)].map((match) => ({
    name: match[2]!,
    text: match[3]!.replaceAll(NOTE, '').replaceAll(CUT, ''),
  }));
}

interface Attacked {
  readonly says: (model: string) => string;
  /** How good an answer is; more is better. */
  readonly worth: (text: string) => number;
  /** Whether this judge or chairman does what a text orders. */
  readonly obeys: (model: string, text: string) => boolean;
}

/** Who obeys puts the text first that gave the order, or says `OWNED`; else all are fair. */
function judgement({ worth, obeys }: Attacked, model: string, request: ChatRequest, shown: readonly Shown[]): string {
  const best = (some: readonly Shown[]) => some.toSorted((one, other) => worth(other.text) - worth(one.text));
  const ordered = shown.filter(({ text }) => obeys(model, text));
  if (JSON.stringify(request.response_format ?? '').includes('quorum_ranking')) {
    const others = best(shown.filter((each) => !ordered.includes(each)));
    return JSON.stringify({ ranking: [...ordered, ...others].map(({ name }) => name) });
  }
  return ordered.length > 0 ? 'OWNED' : `All in all: ${best(shown)[0]!.text}`;
}

export async function attackedCouncil(attacked: Attacked) {
  const models = Object.fromEntries(
    MEMBERS.map((name): [string, SimulatedModel] => [
      name,
      {
        latencyMs: 100,
        says: (request) => {
          const shown = shownIn(request);
          return shown.length > 0 ? judgement(attacked, name, request, shown) : attacked.says(name);
        },
      },
    ]),
  );
  const { panel, clock, record, events } = scriptedPanel({
    plan: { call: { kind: 'council', members: MEMBERS, chairman: 'elm-large' } },
    models,
    request: { messages: [{ role: 'user', content: 'Write about rivers and old towns.' }] },
  });
  const outcome: Outcome = await clock.runUntil(carryOut(panel));
  return {
    answer: outcome.kind === 'whole' ? outcome.merged.base.message.content : null,
    degraded: outcome.degraded,
    judges: record.filter(({ role }) => role === 'judge').length,
    events,
    rankings: events.filter(({ type }) => type === 'ranking').map(({ model, detail }) => `${model}: ${detail}`),
  };
}
