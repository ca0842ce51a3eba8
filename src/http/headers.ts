// What the response headers tell of an answer, in the contract's words.
import { formatUsd } from '../contract/index.ts';
import type { Told } from '../pipeline/exchange.ts';

/** Flat list of names and values, as `writeHead` takes them fastest. */
export type HeaderList = string[];

const VISIBLE = /^[\t\x20-\x7e]*$/;

export function toldHeaders(id: string, told: Told): HeaderList {
  const list: HeaderList = ['x-request-id', id, 'x-quorum-cache', told.cache];
  const add = (name: string, value: string): void => {
    list.push(name, VISIBLE.test(value) ? value : encodeURI(value));
  };
  if (told.models.length > 0) add('x-quorum-model', told.models.join(','));
  if (told.strategy !== null) add('x-quorum-strategy', told.strategy);
  if (told.task !== null) add('x-quorum-task', told.task);
  if (told.tier !== null) add('x-quorum-tier', told.tier);
  if (told.confidence !== null) add('x-quorum-confidence', told.confidence.toFixed(3));
  if (told.agreement !== null) add('x-quorum-agreement', told.agreement.toFixed(3));
  if (told.flags.length > 0) add('x-quorum-flags', told.flags.join(','));
  if (told.cacheAgeMs !== null) add('x-quorum-cache-age', String(Math.round(told.cacheAgeMs / 1000)));
  if (told.cost !== null) add('x-quorum-cost-usd', formatUsd(told.cost));
  if (told.attempts !== null) add('x-quorum-attempts', String(told.attempts));
  if (told.experiment !== null) add('x-quorum-experiment', told.experiment);
  add('x-quorum-overhead-ms', String(told.overheadMs));
  add('server-timing', `total;dur=${told.totalMs}, upstream;dur=${told.upstreamMs}, quorum;dur=${told.overheadMs}`);
  return list;
}

export const JSON_TYPE: HeaderList = ['content-type', 'application/json; charset=utf-8'];

/** A reverse proxy that holds back a stream would spoil its point. */
export const STREAM_TYPE: HeaderList = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache, no-transform',
  'x-accel-buffering',
  'no',
];
