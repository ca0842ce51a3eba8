// /admin/v1/anomalies: models that are not as they used to be, and those that were lately.
import { anomalyText, type Anomaly } from '../../telemetry/index.ts';
import { momentShown, pageOf, route, type AdminRoute } from './answer.ts';

export interface AnomalyParts {
  readonly anomalies: { list(): readonly Anomaly[] };
}

export const anomalyRoutes = ({ anomalies }: AnomalyParts): readonly AdminRoute[] => [
  route('get', '/anomalies', (request) =>
    pageOf(
      request,
      anomalies.list().map((anomaly) => ({ id: idOf(anomaly), anomaly })),
      ({ anomaly }) => anomalyShown(anomaly),
    ),
  ),
];

const idOf = ({ model, measure, since }: Anomaly): string => `${model}:${measure}:${since}`;

const anomalyShown = (anomaly: Anomaly): unknown => {
  const { model, measure, value, expected, tolerance, since, ended } = anomaly;
  return {
    id: idOf(anomaly),
    object: 'anomaly',
    model,
    measure,
    value,
    expected,
    tolerance,
    since: momentShown(since),
    ended: momentShown(ended),
    message: anomalyText(anomaly),
  };
};
