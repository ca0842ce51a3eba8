// Answers that are known already, and requests that are being answered.
export { type Cache, createCache, type Invalidation } from './cache.ts';
export { type CacheDirective, parseDirective } from './directive.ts';
export { asCompletion, asCompletionBytes, asStream, type CacheEntry, worthKeeping } from './entry.ts';
export { fingerprint } from './fingerprint.ts';
export { createFlights, type Flight, type Flights } from './flights.ts';
