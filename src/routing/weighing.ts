// Quality against money and time: utility = quality − λ·dollars − μ·seconds, λ and μ from preference and tier.
import { usdOf, type Nano, type RoutingSettings, type Tier } from '../contract/index.ts';

interface Rates {
  /** Quality given up for saving one dollar. */
  readonly perUsd: number;
  /** Quality given up for one second less. */
  readonly perSecond: number;
}

const RATES: Readonly<Record<RoutingSettings['prefer'], Rates>> = {
  quality: { perUsd: 1, perSecond: 0.001 },
  balanced: { perUsd: 40, perSecond: 0.005 },
  cost: { perUsd: 250, perSecond: 0.001 },
  speed: { perUsd: 2, perSecond: 0.15 },
};
/** A tier of a cent a query in 15 s leaves the rates as they are; a cheaper or quicker one makes money or time dearer. */
const USUAL_USD = 0.01;
const USUAL_SECONDS = 15;

export interface Weighing extends Rates {
  utility(quality: number, cost: Nano | null, latencyMs: number): number;
}

const scale = (usual: number, own: number): number => (own > 0 ? Math.min(4, Math.max(0.25, usual / own)) : 1);

export function weighingOf(routing: RoutingSettings, tier: Tier): Weighing {
  const rates = RATES[routing.prefer];
  const perUsd = rates.perUsd * scale(USUAL_USD, usdOf(tier.costPerQuery));
  const perSecond = rates.perSecond * scale(USUAL_SECONDS, tier.expectedLatencyMs / 1_000);
  return {
    perUsd,
    perSecond,
    utility(quality, cost, latencyMs) {
      return quality - perUsd * usdOf(cost ?? (0 as Nano)) - (perSecond * latencyMs) / 1_000;
    },
  };
}
