// The transport to models: retries, timeouts, aborts and the dialect, behind `whole` and `stream`.
export { createUpstream, type UpstreamOptions } from './upstream.ts';
export { MAX_RETRIES, nextRetryMs, retryDelayMs } from './retry.ts';
