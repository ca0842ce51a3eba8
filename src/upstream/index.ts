// The transport to models: retries, timeouts, aborts and the dialect, behind `whole` and `stream`.
export { createUpstream, type UpstreamOptions } from './upstream.ts';
export { MAX_RETRIES, nextRetryMs, retryDelayMs } from './retry.ts';
export { createOrigins } from './origins.ts';
export { createHedges } from './hedge.ts';
export { createHealth, type ModelHealth } from './health.ts';
export { guarded } from './health-guard.ts';
export { createPaces, type ModelPace } from './pacing-models.ts';
export { createSlots, type Lease, type Slots, type SlotUse } from './slots.ts';
