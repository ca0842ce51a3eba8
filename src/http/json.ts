// Answers as JSON.
import type { ServerResponse } from 'node:http';
import { JSON_TYPE, type HeaderList } from './headers.ts';

export function sendJson(response: ServerResponse, value: unknown, more: HeaderList = [], status = 200): void {
  response.writeHead(status, ['content-type', JSON_TYPE, ...more]);
  response.end(JSON.stringify(value));
}
