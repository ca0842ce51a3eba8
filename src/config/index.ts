// The config room's front door: load, resolve, keep current, and what is printed about it.
export { createLiveConfig } from './live.ts';
export type { LiveConfig, LiveOptions, ReloadResult } from './live.ts';
export { environment } from './environment.ts';
export { loadConfig } from './load.ts';
export type { LoadOptions, LoadedConfig } from './load.ts';
export { ConfigError, problemText } from './problem.ts';
export type { Problem } from './problem.ts';
export { askAround } from './facts.ts';
export { probeProvider } from './probe.ts';
export type { Probe, ProbeResult } from './probe.ts';
export { resolve, resolveSettings } from './resolve/index.ts';
export type { Facts, Resolved } from './resolve/index.ts';
export { resolveParts } from './resolve/parts.ts';
export type { ServerSettings } from './resolve/parts.ts';
