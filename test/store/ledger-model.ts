// The ledger in a few lines of plain data: what the real one is checked against.
import type { HoldLeg, HoldOutcome } from '../../src/contract/index.ts';

interface ModelLine {
  limit: number;
  posted: number;
  held: number;
  topped: number;
  forgiven: number;
}

interface ModelLeg {
  readonly amount: number;
  readonly lines: readonly string[];
  sent: boolean;
}

interface Model {
  readonly lines: Map<string, ModelLine>;
  /** By hold and leg: only those that have not ended. */
  readonly open: Map<string, ModelLeg>;
  /** Posted at their reserve, not corrected. */
  readonly unreconciled: Map<string, ModelLeg>;
}

export const newModel = (): Model => ({ lines: new Map(), open: new Map(), unreconciled: new Map() });

export function line(model: Model, id: string, limit: number): ModelLine {
  const found = model.lines.get(id) ?? { limit, posted: 0, held: 0, topped: 0, forgiven: 0 };
  model.lines.set(id, found);
  return found;
}

export const roomIn = ({ limit, posted, held, topped, forgiven }: ModelLine): number =>
  limit + topped - (posted - forgiven) - held;

/** Takes over what was granted; says what is wrong with the outcome, or null. */
export function applyHold(
  model: Model,
  hold: string,
  lines: readonly string[],
  legs: readonly HoldLeg[],
  outcome: HoldOutcome,
): string | null {
  const room = Math.min(...lines.map((id) => roomIn(model.lines.get(id)!)));
  const least = legs.reduce((sum, leg) => sum + leg.atLeast, 0);
  const most = legs.reduce((sum, leg) => sum + leg.atMost, 0);
  if (outcome.kind === 'refused') return room >= least ? `refused ${least} with ${room} left` : null;
  const granted = outcome.legs.reduce((sum, leg) => sum + leg.amount, 0);
  for (const [index, { id, amount }] of outcome.legs.entries()) {
    const leg = legs[index]!;
    if (id !== leg.id || amount < leg.atLeast || amount > leg.atMost)
      return `granted ${amount} for ${leg.atLeast} to ${leg.atMost}`;
    model.open.set(`${hold}/${id}`, { amount, lines, sent: leg.sent });
  }
  for (const id of lines) model.lines.get(id)!.held += granted;
  if (granted > 0 && granted > room) return `granted ${granted} with ${room} left`;
  return room >= most && granted !== most ? `granted only ${granted} of ${most} with ${room} left` : null;
}

/** `cost` null: released. At most once. Gives how to take it back. */
export function applyEnd(model: Model, call: string, cost: number | null): () => void {
  const leg = model.open.get(call);
  if (leg === undefined) return () => undefined;
  const move = (sign: 1 | -1): void => {
    for (const id of leg.lines) {
      const of = model.lines.get(id)!;
      of.held -= sign * leg.amount;
      of.posted += sign * (cost ?? 0);
    }
  };
  model.open.delete(call);
  move(1);
  return () => {
    model.open.set(call, leg);
    move(-1);
  };
}

/** Nobody will ever tell what became of these. */
export function applyLoss(model: Model, calls: readonly string[]): void {
  for (const call of calls) {
    const leg = model.open.get(call);
    if (leg === undefined) continue;
    applyEnd(model, call, leg.sent ? leg.amount : null);
    if (leg.sent) model.unreconciled.set(call, leg);
  }
}

export function applyCorrection(model: Model, call: string, cost: number): void {
  const leg = model.unreconciled.get(call);
  if (leg === undefined) return;
  model.unreconciled.delete(call);
  for (const id of leg.lines) model.lines.get(id)!.posted += cost - leg.amount;
}
