// The front door of the accounts: who may ask, what may be spent, and what it came to.
export { createAdministration, type Administration, type KeyInput, type NewSecret } from './administration.ts';
export { createAdmission, type Admission, type AdmissionRequest, type Intent } from './admission.ts';
export { createAlerts } from './alerts.ts';
export type { PlannedCall } from './bounds.ts';
export { createBudgets, type BudgetInput, type Budgets } from './budget.ts';
export { estimateText, estimateTokens, inputBound, upperBoundTokens } from './estimate.ts';
export { demand, type Permissions } from './grants.ts';
export { createIdempotency, requestFingerprint, type Idempotency, type Ticket } from './idempotency.ts';
export { keyCalled } from './key-name.ts';
export { createKeyring, NOBODY, type Keyring, type Visitor } from './keyring.ts';
export { sameSecret } from './key-text.ts';
export { createOutputHistory } from './output-history.ts';
export { isTimeZone } from './period.ts';
export { costOf, reportedCost, worstCaseCost } from './price.ts';
export { createRateLimiter, type Limited, type RateLimiter } from './rate-limit.ts';
export { spendCsv } from './spend-csv.ts';
export { countTokens } from './token-count.ts';
export { createWebhook } from './webhook.ts';
