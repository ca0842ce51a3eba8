// How the administration answers: JSON, lists in pages, and everything as lines.
import { once } from 'node:events';
import type { Request, Response } from 'express';
import { QuorumError } from '../../contract/index.ts';
import type { Visit } from '../chat.ts';
import { sendJson } from '../json.ts';

export interface AdminRoute {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  handle(request: Request, response: Response, visit: Visit): Promise<void> | void;
}

const PREFIX = '/admin/v1';
const USUAL_LIMIT = 50;
const MOST_LIMIT = 500;

/** Sends what `handle` returns; the path is below `/admin/v1`. */
export function route(
  method: AdminRoute['method'],
  path: string,
  handle: (request: Request) => unknown,
  status = 200,
): AdminRoute {
  return {
    method,
    path: PREFIX + path,
    async handle(request, response, visit) {
      sendJson(response, await handle(request), ['x-request-id', visit.id], status);
    },
  };
}

/** Everything as JSONL, as fast as the client takes it; ends when it leaves. */
export async function sendLines(response: Response, { id }: Visit, lines: AsyncIterable<string>): Promise<void> {
  response.writeHead(200, ['content-type', 'application/jsonl; charset=utf-8', 'x-request-id', id]);
  const gone = new Promise<void>((resolve) => response.on('close', resolve));
  for await (const text of lines) {
    if (response.destroyed) return;
    if (!response.write(text)) await Promise.race([gone, once(response, 'drain').catch(() => undefined)]);
  }
  response.end();
}

export const idOf = (request: Request): string => String(request.params['id']);

/** One value of the query; undefined when it isn't there or is empty. */
export function queryOf(request: Request, name: string): string | undefined {
  const value = request.query[name];
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : undefined;
}

export function limitOf(request: Request): number {
  const given = queryOf(request, 'limit');
  if (given === undefined) return USUAL_LIMIT;
  const limit = Number(given);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_LIMIT) return limit;
  throw new QuorumError('invalid_value', `'limit' is a whole number from 1 to ${MOST_LIMIT}.`, { param: 'limit' });
}

export const cursorOf = (request: Request): string | null => queryOf(request, 'cursor') ?? null;

/** A cursor that stands for a row number. */
export function rowCursorOf(request: Request): string | null {
  const cursor = cursorOf(request);
  if (cursor !== null && !/^\d{1,15}$/.test(cursor))
    throw new QuorumError('invalid_value', "'cursor' is what an earlier page gave as next_cursor.", {
      param: 'cursor',
    });
  return cursor;
}

interface PageShown {
  readonly object: 'list';
  readonly data: readonly unknown[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

export const pageShown = (data: readonly unknown[], cursor: string | null): PageShown => ({
  object: 'list',
  data,
  has_more: cursor !== null,
  next_cursor: cursor,
});

/** A page of what is in memory; the cursor is the id of the last one shown. */
export function pageOf<Row extends { readonly id: string }>(
  request: Request,
  rows: readonly Row[],
  show: (row: Row) => unknown,
): PageShown {
  const cursor = cursorOf(request);
  const from = cursor === null ? 0 : rows.findIndex((row) => row.id === cursor) + 1;
  if (cursor !== null && from === 0)
    throw new QuorumError('invalid_value', "'cursor' is what an earlier page gave as next_cursor.", {
      param: 'cursor',
    });
  const page = rows.slice(from, from + limitOf(request));
  const more = from + page.length < rows.length;
  return pageShown(page.map(show), more ? page.at(-1)!.id : null);
}

export const momentShown = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
