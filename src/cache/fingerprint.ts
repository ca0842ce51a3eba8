// What makes two requests the same question: SHA-256 of the request in canonical form, with everything else that shapes the answer.
import { hash } from 'node:crypto';
import { type ChatRequest, QuorumError } from '../contract/index.ts';

/** They say how the answer is delivered or who asks, not what it is. */
const NOT_ASKED = new Set(['stream', 'stream_options', 'user', 'safety_identifier']);

/** From here on objects keep their own order: such requests may miss, but never meet another's answer. */
const SORTED_DEPTH = 64;

/**
 * 43 characters of base64url. Key order doesn't matter, all else does; `salt` carries what isn't in the request:
 * whose entries may be shared, the caller's wishes, the settings' version.
 */
export function fingerprint(request: ChatRequest, salt: string): string {
  try {
    return hash('sha256', `${JSON.stringify(salt)}${canonicalRequest(request)}`, 'base64url');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new QuorumError('invalid_value', 'The request is nested too deeply.', { cause: error });
  }
}

function canonicalRequest(request: ChatRequest): string {
  let text = '{';
  for (const key of sortedKeys(request)) {
    if (NOT_ASKED.has(key)) continue;
    const value = key === 'metadata' ? ownMetadata(request.metadata) : request[key];
    if (value !== undefined) text += `${JSON.stringify(key)}:${canonical(value, 1)},`;
  }
  return text;
}

/** The caller's metadata without Quorum's options, which go into the salt; undefined when nothing is left. */
function ownMetadata(metadata: ChatRequest['metadata']): unknown {
  if (metadata === null || metadata === undefined) return undefined;
  const own = Object.entries(metadata).filter(([key]) => !key.startsWith('quorum_'));
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

function canonical(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth >= SORTED_DEPTH) return JSON.stringify(value);
  if (Array.isArray(value)) {
    let text = '[';
    for (const item of value as readonly unknown[]) text += `${canonical(item, depth + 1)},`;
    return `${text}]`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  let text = '{';
  for (const key of sortedKeys(fields)) {
    const field = fields[key];
    if (field !== undefined) text += `${JSON.stringify(key)}:${canonical(field, depth + 1)},`;
  }
  return `${text}}`;
}

function sortedKeys(fields: object): string[] {
  const keys = Object.keys(fields);
  for (let index = 1; index < keys.length; index += 1) if (keys[index - 1]! > keys[index]!) return keys.sort();
  return keys;
}
