// What an administrator may say of keys, teams and budgets; anything else is `invalid_value` with the field's name.
import { QuorumError, type Budget, type Grants, type RateLimits } from '../contract/index.ts';
import { isNetwork } from './network.ts';
import { isTimeZone } from './period.ts';

const LONGEST_NAME = 128;

export function checkName(name: string, param: string): void {
  const fine = name.trim() !== '' && name.length <= LONGEST_NAME && !/\p{Cc}/u.test(name);
  if (!fine) refuse(param, `A name is 1 to ${LONGEST_NAME} characters, without control characters.`);
}

export function checkGrants(grants: Grants): void {
  const bad = grants.networks.find((network) => !isNetwork(network));
  if (bad !== undefined) refuse('networks', `"${bad}" is no address and no block such as 10.0.0.0/8 or 2001:db8::/32.`);
}

export function checkLimits(limits: RateLimits): void {
  for (const name of ['rpm', 'tpm', 'parallel'] as const) {
    const limit = limits[name];
    if (limit !== null && !(Number.isInteger(limit) && limit > 0))
      refuse(name, `${name} is a whole number above 0, or null for no limit.`);
  }
}

export function checkMoment(at: number | null, param: string): void {
  if (at !== null && !Number.isFinite(at)) refuse(param, 'It is no moment in time.');
}

export function checkBudget(budget: Budget): void {
  if (!Number.isSafeInteger(budget.limit) || budget.limit < 0)
    refuse('limit_usd', 'A limit is an amount of dollars, 0 or more.');
  if (!isTimeZone(budget.timeZone)) refuse('time_zone', `"${budget.timeZone}" is no time zone such as Europe/Berlin.`);
  if (budget.softAt.some((share) => !(share > 0 && share <= 1)))
    refuse('soft_at', 'Thresholds are shares between 0 and 1.');
}

function refuse(param: string, message: string): never {
  throw new QuorumError('invalid_value', message, { param });
}
