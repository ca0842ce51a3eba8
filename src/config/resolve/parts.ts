// The parts of the config that rooms outside the request's path take: where to listen and store, limits, budgets, experiments, sandbox.
import { nanoOf } from '../../contract/index.ts';
import type { Budget, ExperimentRow, RolloutRow, Secret } from '../../contract/index.ts';
import type { Config } from '../schema/index.ts';

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** null: none, which is allowed on loopback only. */
  readonly adminKey: Secret | null;
  /** null: the metrics need no key of their own. */
  readonly metricsKey: Secret | null;
  readonly bodyLimitBytes: number;
  readonly requestTimeoutMs: number;
  readonly shutdownGraceMs: number;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
}

interface LimitSettings {
  /** Requests at the same time by role; `global` counts all. No entry: no limit. */
  readonly roles: ReadonlyMap<string, number>;
  /** Calls at the same time. */
  readonly providers: ReadonlyMap<string, number>;
  readonly models: ReadonlyMap<string, number>;
  readonly maxWaitMs: number;
  readonly maxLagMs: number;
  /** By stage, in milliseconds. */
  readonly warnAfterMs: Readonly<Record<string, number>>;
}

interface RetentionSettings {
  readonly requestsMs: number;
  readonly maxRows: number | null;
  readonly maxBytes: number | null;
  readonly reportsMs: number;
}

interface TelemetrySettings {
  readonly metrics: boolean;
  readonly anomalies: boolean;
  readonly litellmNames: boolean;
  /** Prompts and answers of everybody go into the log. */
  readonly logContent: boolean;
}

/** How a simulated model differs from what ships; `accuracy` by kind of task. */
interface SandboxBehaviour {
  readonly accuracy?: Readonly<Record<string, number>>;
  readonly correlatedWith?: string;
  readonly firstTokenMs?: number;
  readonly tokensPerSecond?: number;
  readonly voice?: 'terse' | 'plain' | 'thorough';
  readonly errorRate?: number;
  readonly errorStatus?: number;
  readonly stallRate?: number;
  readonly cutRate?: number;
  readonly malformedRate?: number;
  readonly invalidRate?: number;
  readonly refusalRate?: number;
  readonly truncateRate?: number;
  readonly rateLimitRate?: number;
}

interface SandboxSettings {
  readonly enabled: boolean | 'auto';
  readonly seed: string;
  readonly models: ReadonlyMap<string, SandboxBehaviour>;
}

export interface Parts {
  readonly server: ServerSettings;
  readonly storageUrl: string;
  readonly retention: RetentionSettings;
  readonly telemetry: TelemetrySettings;
  readonly limits: LimitSettings;
  readonly budgets: readonly Budget[];
  /** null: alerts go into the log only. */
  readonly alertWebhook: { readonly url: string; readonly secret: Secret | null } | null;
  readonly experiments: ReadonlyMap<string, ExperimentRow>;
  /** null: the file says nothing of it. */
  readonly rollout: RolloutRow | null;
  readonly sandbox: SandboxSettings;
}

export function resolveParts(config: Config): Parts {
  return {
    server: serverFrom(config),
    storageUrl: config.storage.url,
    retention: retentionFrom(config),
    telemetry: telemetryFrom(config),
    limits: limitsFrom(config),
    budgets: budgetsFrom(config.budgets),
    alertWebhook: webhookFrom(config),
    experiments: new Map(Object.entries(config.experiments)),
    rollout: config.rollout ?? null,
    sandbox: sandboxFrom(config.sandbox),
  };
}

const retentionFrom = ({ retention }: Config): RetentionSettings => ({
  requestsMs: retention.requests,
  maxRows: retention.max_rows ?? null,
  maxBytes: retention.max_size ?? null,
  reportsMs: retention.reports,
});

const telemetryFrom = ({ telemetry }: Config): TelemetrySettings => ({
  metrics: telemetry.metrics,
  anomalies: telemetry.anomalies,
  litellmNames: telemetry.litellm_names,
  logContent: telemetry.log_content,
});

const limitsFrom = ({ limits }: Config): LimitSettings => ({
  roles: new Map(Object.entries(limits.roles)),
  providers: new Map(Object.entries(limits.providers)),
  models: new Map(Object.entries(limits.models)),
  maxWaitMs: limits.max_wait,
  maxLagMs: limits.max_lag,
  warnAfterMs: limits.warn_after,
});

function serverFrom({ server }: Config): ServerSettings {
  return {
    host: server.host,
    port: server.port,
    adminKey: given(server.admin_key),
    metricsKey: given(server.metrics_key),
    bodyLimitBytes: server.body_limit,
    requestTimeoutMs: server.request_timeout,
    shutdownGraceMs: server.shutdown_grace,
    logLevel: server.log_level,
  };
}

const given = (secret: Secret): Secret | null => (secret.reveal() === '' ? null : secret);

function webhookFrom({ alerts: { webhook } }: Config): Parts['alertWebhook'] {
  if (webhook === undefined) return null;
  const { url, secret } = webhook;
  return { url, secret: given(secret) };
}

/** Ids are made of what a budget counts, so that they stay when the list is put in another order. */
function budgetsFrom(rows: Config['budgets']): readonly Budget[] {
  const seen = new Map<string, number>();
  return rows.map((row): Budget => {
    const name = ['config', row.scope, ...(row.id === undefined ? [] : [row.id]), row.period].join(':');
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return {
      id: before === 0 ? name : `${name}:${before + 1}`,
      scope: row.scope,
      subject: row.id ?? null,
      period: row.period,
      limit: nanoOf(row.limit_usd),
      timeZone: row.time_zone,
      softAt: row.soft_at,
      onExceed: row.on_exceed,
      unpriced: row.unpriced,
      source: 'config',
    };
  });
}

function sandboxFrom({ enabled, seed, models }: Config['sandbox']): SandboxSettings {
  const behaviours = Object.entries(models).map(([name, { first_token, ...row }]): [string, SandboxBehaviour] => {
    const given = { ...row, first_token_ms: first_token };
    const camel = Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]);
    return [name, Object.fromEntries(camel) as SandboxBehaviour];
  });
  return { enabled, seed, models: new Map(behaviours) };
}
