// The transport to models: retries, timeouts, aborts and the dialect, behind `whole` and `stream`.
export { createUpstream, type UpstreamOptions } from './upstream.ts';
export { MAX_RETRIES, nextRetryMs, retryDelayMs } from './retry.ts';
export { createHedges, type Hedges } from './hedge.ts';
export { createHealth, type Health, type ModelHealth } from './health.ts';
export { guarded, slotOfModel, slotOfProvider } from './health-guard.ts';
export { createPaces, type ModelPace, type Paces } from './pacing-models.ts';
export { createSlots, FREE, type Lease, type Slots, type SlotUse } from './slots.ts';
