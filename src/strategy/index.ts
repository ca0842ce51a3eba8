// How models are asked: one ladder from a single model to a council, climbed on evidence.
import { council } from './council.ts';
import { cascade } from './cascade.ts';
import { fanOut } from './fanout.ts';
import type { Outcome, Panel } from './panel.ts';
import { singleStream, singleWhole } from './single.ts';

export type { AskOptions, Answered, Hedging, LiveAnswer, Outcome, Panel, Voice } from './panel.ts';

/** Carries out the panel's plan. Rejects with `QuorumError`. */
export function carryOut(panel: Panel): Promise<Outcome> {
  const { call } = panel.plan;
  switch (call.kind) {
    case 'single':
      return panel.request.stream === true ? singleStream(panel, call.model) : singleWhole(panel, call.model);
    case 'dual':
    case 'triple':
      return fanOut(panel, { members: call.members, seed: null, voices: call.members.length, degraded: false });
    case 'cascade':
      return cascade(panel, call.steps);
    case 'council':
      return council(panel, call.members, call.chairman);
    default:
      return call satisfies never;
  }
}
