// The way to the models, with an eye on how they are and how much happens at the same time.
import type { LiveConfig } from '../config/index.ts';
import type { Clock, CurrentSettings, Random } from '../contract/index.ts';
import { createCapacity, leftAlone, slotLimit } from '../pipeline/capacity.ts';
import { createLagMeter } from '../telemetry/index.ts';
import {
  createHealth,
  createOrigins,
  createPaces,
  createSlots,
  createUpstream,
  guarded,
  type ModelHealth,
  type ModelPace,
  type SlotUse,
} from '../upstream/index.ts';

export interface Health {
  readonly models: readonly ModelHealth[];
  readonly paces: readonly ModelPace[];
  readonly slots: readonly SlotUse[];
  /** How late the process is. */
  readonly lagMs: number;
}

interface CareOptions {
  readonly config: LiveConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
}

export function openCare({ config, clock, random, version }: CareOptions, settings: CurrentSettings) {
  const now = (): number => clock.now();
  const limits = () => config.parts().limits;
  const health = createHealth({ now, random, poolSize: () => settings().usable.size });
  const paces = createPaces(clock, () => limits().maxWaitMs);
  const slots = createSlots({
    clock,
    maxWaitMs: () => limits().maxWaitMs,
    limitOf: (name) => slotLimit(limits(), name),
  });
  const lag = createLagMeter(clock);
  const origins = createOrigins();
  origins.learn(settings());
  config.onChange(() => origins.learn(settings()));
  return {
    upstream: guarded(
      createUpstream({ clock, random, paces, userAgent: `quorum/${version}`, mayConnect: origins.allows }),
      {
        clock,
        health,
        slots,
        isLimited: () => limits().providers.size > 0 || limits().models.size > 0,
      },
    ),
    capacity: createCapacity({
      slots,
      lagMs: lag.ms,
      maxLagMs: () => limits().maxLagMs,
      leftAlone: () => leftAlone(health.ailing(), paces.held()),
    }),
    health: (): Health => ({
      models: health.snapshot(),
      paces: paces.snapshot(),
      slots: slots.use(),
      lagMs: lag.ms(),
    }),
    origins,
    lagMs: lag.ms,
    stop: lag.stop,
  };
}
