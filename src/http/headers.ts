// What the response headers tell of an answer, in the contract's words.
import { formatUsd } from '../contract/index.ts';
import type { Told } from '../pipeline/exchange.ts';

/** Flat list of names and values, as `writeHead` takes them fastest. */
export type HeaderList = string[];

const isVisible = (code: number): boolean => (code >= 0x20 && code < 0x7f) || code === 0x09;

/** As it is, where a header can carry it. */
function visible(name: string): string {
  for (let at = 0; at < name.length; at += 1) if (!isVisible(name.charCodeAt(at))) return encodeURI(name);
  return name;
}

/** Adds to the list. */
export function tellIn(list: HeaderList, id: string, told: Told): void {
  const add = (name: string, value: string): void => void list.push(name, value);
  const addName = (name: string, value: string): void => add(name, visible(value));
  add('x-request-id', id);
  add('x-quorum-cache', told.cache);
  if (told.models.length > 0) addName('x-quorum-model', told.models.join(','));
  if (told.strategy !== null) add('x-quorum-strategy', told.strategy);
  if (told.task !== null) addName('x-quorum-task', told.task);
  if (told.tier !== null) addName('x-quorum-tier', told.tier);
  if (told.confidence !== null) add('x-quorum-confidence', told.confidence.toFixed(3));
  if (told.agreement !== null) add('x-quorum-agreement', told.agreement.toFixed(3));
  if (told.flags.length > 0) add('x-quorum-flags', told.flags.join(','));
  if (told.cacheAgeMs !== null) add('x-quorum-cache-age', String(Math.round(told.cacheAgeMs / 1000)));
  if (told.cost !== null) add('x-quorum-cost-usd', formatUsd(told.cost));
  if (told.attempts !== null) add('x-quorum-attempts', String(told.attempts));
  if (told.experiment !== null) addName('x-quorum-experiment', told.experiment);
  add('x-quorum-overhead-ms', String(told.overheadMs));
  add('server-timing', `total;dur=${told.totalMs}, upstream;dur=${told.upstreamMs}, quorum;dur=${told.overheadMs}`);
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/** A reverse proxy that holds back a stream would spoil its point. */
export const STREAM_HEADERS: readonly string[] = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache, no-transform',
  'x-accel-buffering',
  'no',
];
