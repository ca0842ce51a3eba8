// What the outside gets to see of how things go: lines, numbers, percentiles.
export { type Anomaly, anomalyText, createAnomalyWatch } from './anomaly-watch.ts';
export { createHistogram, type Histogram, RELATIVE_ERROR } from './histogram.ts';
export { createLagMeter } from './lag.ts';
export { createLog, type Log, type LogLevel } from './log.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { createTracer, passedOn, readTraceParent } from './trace-context.ts';
export { slowStages } from './thresholds.ts';
export { createPerformance, makeReport } from './performance.ts';
export { type Report, type ReportQuery, type ReportRow } from './report.ts';
export { isReportGroup, REPORT_GROUPS } from './report-groups.ts';
export { reportCells, reportCsv, stageCells } from './report-text.ts';
