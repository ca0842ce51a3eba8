// All candidates become one answer: by kind, with who said what.
import type { Merged } from '../contract/index.ts';
import { callOutcome } from './calling.ts';
import { finalText } from './finals.ts';
import { groundOf, medoid } from './ground.ts';
import type { Camped, Ground } from './ground.ts';
import { createLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { campsOf, noteWhole, taken } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Panel } from './panel.ts';
import { structuredOutcome } from './structured.ts';
import { tally } from './vote.ts';
import type { Voice } from './vote.ts';

export function merge(panel: Panel): Merged {
  const ground = groundOf(panel);
  const ledger = createLedger();
  const outcome = outcomeOf(panel, ground, ledger);
  const agreeing = outcome.agreeing.length > 0 ? outcome.agreeing : [outcome.base];
  return {
    kind: ground.kind,
    base: outcome.base.candidate,
    message: outcome.message,
    models: [...new Set(agreeing.map((voice) => voice.candidate.model))],
    agreement: panel.voices.length === 1 ? 1 : outcome.agreement,
    disputed: outcome.disputed,
    tie: outcome.tie,
    camps: campsOf(ground.camps),
    provenance: ledger.entries(),
    violations: outcome.violations,
  };
}

function outcomeOf(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
  switch (ground.kind) {
    case 'tool_calls':
      return callOutcome(panel, ground, ledger);
    case 'json':
      return structuredOutcome(panel, ground, ledger);
    case 'number':
    case 'choice':
    case 'label':
    case 'short':
    case 'code':
    case 'prose':
    case 'refusal':
    case 'empty':
      return wholeOutcome(panel, ground, ledger);
    default:
      return ground.kind satisfies never;
  }
}

/** The whole answer of the winning camp's best voice. */
function wholeOutcome(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
  const [first] = ground.camps;
  const base =
    ground.kind === 'prose' || ground.kind === 'code'
      ? medoid(first!.voices, panel.voices)
      : spokesman(first!, panel, ground);
  noteWhole(ground, ledger);
  return taken(base, ground);
}

/** Best voice among those who spell the answer as most of the camp do. */
function spokesman(side: Camped, panel: Panel, ground: Ground): Voice {
  if (ground.kind === 'refusal' || ground.kind === 'empty') return side.voices[0]!;
  const spelled = tally(
    side.voices.map((voice) => ({ voice, key: (finalText(voice.reading) ?? '').trim() })),
    panel.bond,
  );
  const majority = spelled[0]!.voices.length > 1 && spelled[0]!.voices.length * 2 > side.voices.length;
  return majority ? spelled[0]!.voices[0]! : side.voices[0]!;
}
