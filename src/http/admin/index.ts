// The administration: what a platform team sees and changes, behind the admin key.
import type { Request, Response } from 'express';
import type { Administration, Budgets, Keyring } from '../../accounts/index.ts';
import type { Ledger, RegistryStore, RequestLog } from '../../contract/index.ts';
import type { Visit } from '../chat.ts';

export interface AdminParts {
  readonly administration: Administration;
  readonly keyring: Keyring;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly registry: RegistryStore;
  readonly requests: RequestLog;
}

export interface AdminRoute {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  handle(request: Request, response: Response, visit: Visit): Promise<void> | void;
}

export function adminRoutes(_parts: AdminParts): readonly AdminRoute[] {
  return [];
}
