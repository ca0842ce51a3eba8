// GET /v1/spend and POST /v1/estimate: what one's own key has spent, and what a usage would cost.
import type { Request, Response } from 'express';
import type { Admission } from '../accounts/index.ts';
import { QuorumError, type Clock, type CurrentSettings } from '../contract/index.ts';
import type { Visit } from './chat.ts';
import { sendJson, shown } from './json.ts';

export interface SpendParts {
  readonly admission: Admission;
  readonly settings: CurrentSettings;
  readonly clock: Clock;
}

export async function showSpend(
  { admission, clock }: SpendParts,
  response: Response,
  { id, visitor: { caller } }: Visit,
): Promise<void> {
  const balances = await admission.standing(
    { tenant: caller.tenant, keyId: caller.keyId, team: caller.team, user: caller.user, tags: caller.tags },
    clock.now(),
  );
  sendJson(response, { budgets: shown(balances) }, ['x-request-id', id]);
}

export function estimateSpend(
  _parts: SpendParts,
  _request: Request,
  _response: Response,
  _visit: Visit,
): Promise<void> {
  return Promise.reject(new QuorumError('not_found', 'Estimates come with the budgets.'));
}
