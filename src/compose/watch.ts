// What looks on while requests are answered: log, metrics, hours of performance, and what goes when it is old.
import type { LiveConfig } from '../config/index.ts';
import { type Clock, type CurrentSettings, type RequestRecord, type VirtualKey } from '../contract/index.ts';
import { keepForgetting } from './retention.ts';
import type { OtlpOptions } from '../telemetry/otlp/index.ts';
import type { SqliteStore } from '../store/index.ts';
import {
  anomalyText,
  createAnomalyWatch,
  createMetrics,
  createPerformance,
  passedOn,
  slowStages,
  type Log,
} from '../telemetry/index.ts';

interface WatchOptions {
  readonly config: LiveConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly post: OtlpOptions['post'];
}

export async function openWatch(
  { config, clock, log, version, post }: WatchOptions,
  store: SqliteStore,
  settings: CurrentSettings,
) {
  const metrics = createMetrics({
    version,
    known: { model: (name) => settings().models.has(name), task: (name) => settings().tasks.has(name) },
    litellmNames: () => config.parts().telemetry.litellmNames,
  });
  const onTrouble = (error: unknown): void => log.warn('the reports could not be kept', { error });
  const performance = createPerformance({ store: store.performance, clock, onTrouble });
  const anomalies = createAnomalyWatch({
    store: store.performance,
    clock,
    isOn: () => config.parts().telemetry.anomalies,
    tell: (anomaly) => {
      const { model, measure, value, expected, ended } = anomaly;
      log[ended === null ? 'warn' : 'info'](anomalyText(anomaly), { model, measure, value, expected });
    },
    onTrouble,
  });
  const otlp =
    config.otlp === null
      ? null
      : (await import('../telemetry/otlp/index.ts')).createOtlp({
          settings: config.otlp,
          version,
          clock,
          post,
          families: metrics.families,
          providerOf: (model) => settings().models.get(model)?.provider ?? 'unknown',
          onTrouble: (trouble) =>
            trouble === null
              ? log.info('OpenTelemetry: sent again')
              : log.warn('OpenTelemetry: traces and metrics are given up', { trouble }),
        });
  const otherProtocol = config.otlp?.otherProtocol ?? null;
  if (otherProtocol !== null)
    log.warn('OpenTelemetry: traces and metrics go out as JSON over HTTP, whatever protocol is asked for', {
      protocol: otherProtocol,
    });
  const stopForgetting = keepForgetting(store, {
    retention: () => config.parts().retention,
    clock,
    onTrouble: (error) => log.warn('old records could not be deleted', { error }),
  });
  return {
    metrics,
    anomalies,
    trace: otlp?.begin ?? passedOn,
    content: {
      isWanted: (key: VirtualKey | null) => key?.logContent === true || config.parts().telemetry.logContent,
      tell: log.content,
    },
    performance: { ...store.performance, flush: performance.flush },
    observe(record: RequestRecord): void {
      log.request(record);
      if (config.parts().telemetry.metrics) metrics.observe(record);
      performance.observe(record);
      otlp?.observe(record);
      for (const slow of slowStages(record, config.parts().limits.warnAfterMs))
        log.warn('a stage took long', { request_id: record.id, ...slow });
    },
    async stop(): Promise<void> {
      anomalies.stop();
      await stopForgetting();
      performance.stop();
      await otlp?.stop();
    },
  };
}
