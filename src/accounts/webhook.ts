// Delivers alerts to a webhook: signed, and tried again until the receiver says that it has them.
import { createHmac } from 'node:crypto';
import { sleep, usdOf, type BudgetAlert, type Clock, type Secret } from '../contract/index.ts';
import { detailsOf } from './refusal.ts';

const RETRY_AFTER_MS = [1_000, 5_000, 30_000, 120_000, 600_000];

interface WebhookOptions {
  readonly url: string;
  /** Signs the body; null: unsigned. */
  readonly secret: Secret | null;
  readonly clock: Clock;
  /** One POST; resolves with the status, rejects when no answer came. */
  readonly post: (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<number>;
}

/** Resolves on the first 2xx; rejects when the last try failed. */
export function createWebhook({ url, secret, clock, post }: WebhookOptions): (alert: BudgetAlert) => Promise<void> {
  return async (alert) => {
    const body = JSON.stringify(bodyOf(alert));
    for (let tries = 0; ; tries += 1) {
      const headers = {
        'content-type': 'application/json',
        ...(secret && { 'x-quorum-signature': signatureOf(secret, body, clock.now()) }),
      };
      const status = await post(url, headers, body).catch(() => 0);
      if (status >= 200 && status < 300) return;
      const waitMs = RETRY_AFTER_MS[tries];
      if (waitMs === undefined)
        throw new Error(`The webhook ${new URL(url).host} didn’t take the alert: status ${status || 'none'}.`);
      await sleep(clock, waitMs);
    }
  };
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA-256 of `SECONDS.BODY`. Receivers should refuse old times. */
function signatureOf(secret: Secret, body: string, at: number): string {
  const seconds = Math.floor(at / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex')}`;
}

function bodyOf({ id, type, at, balance, threshold, exhaustsAt }: BudgetAlert): Readonly<Record<string, unknown>> {
  return {
    id,
    type: `budget.${type}`,
    created_at: new Date(at).toISOString(),
    threshold,
    exhausts_at: exhaustsAt === null ? null : new Date(exhaustsAt).toISOString(),
    budget: detailsOf(balance),
    used: usdOf(balance.limit) === 0 ? 1 : balance.spent / balance.limit,
  };
}
