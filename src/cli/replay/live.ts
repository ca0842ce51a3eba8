// Corrections asked again, of the program that runs: whether it gets right today what it once got wrong. It costs what the calls cost.
import { request } from 'undici';
import type { Secret } from '../../contract/index.ts';
import { REPLAYED } from './corrections.ts';
import type { RecordedRow } from './dataset.ts';

export interface Asked {
  readonly id: string;
  readonly task: string;
  /** What answered. */
  readonly models: string;
  readonly correct: boolean;
  readonly costUsd: number;
  /** Why there was no answer. */
  readonly problem: string | null;
}

const TIMEOUT_MS = 300_000;

/** Its own verdict: the correction is given as feedback on the new answer, which is compared as every answer is, and learnt from. */
export async function askAgain(url: string, adminKey: Secret | null, row: RecordedRow): Promise<Asked> {
  const headers = {
    'content-type': 'application/json',
    ...(adminKey !== null && { authorization: `Bearer ${adminKey.reveal()}` }),
  };
  const post = async (path: string, body: unknown, more = {}) => {
    const answer = await request(`${url}${path}`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    return { answer, json: (await answer.body.json()) as { readonly error?: { message: string }; correct?: boolean } };
  };
  const asked = { id: row.id, task: row.task };
  const { stream: _, stream_options: __, ...prompt } = row.request as typeof row.request & { stream_options?: unknown };
  const { answer, json } = await post('/v1/chat/completions', prompt, { 'x-quorum-cache': 'off' });
  const told = answer.headers;
  const costUsd = Number(told['x-quorum-cost-usd'] ?? 0);
  const models = String(told['x-quorum-model'] ?? '');
  if (answer.statusCode !== 200)
    return { ...asked, models, correct: false, costUsd, problem: json.error?.message ?? `HTTP ${answer.statusCode}` };
  const verdict = await post('/v1/feedback', {
    request_id: told['x-request-id'],
    correction: row.source['gold'],
    kind: REPLAYED,
  });
  const problem = verdict.answer.statusCode === 200 ? null : (verdict.json.error?.message ?? 'no verdict');
  return { ...asked, models, correct: verdict.json.correct === true, costUsd, problem };
}
