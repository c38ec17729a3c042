import { defineErrors } from '@backplane/base';

export const errors = defineErrors('telemetry', {
  BP_METRIC_NAME: {
    title: 'A metric has a name that Prometheus would not take',
    mend: 'Use letters, digits and _, and begin with a letter.',
    message: (d: { plugin: string; name: string }) =>
      `Plugin ${d.plugin} has a metric called ${JSON.stringify(d.name.slice(0, 100))}.`,
  },
  BP_METRIC_LABEL_NAME: {
    title: 'A metric declares a label that Prometheus would not take',
    mend: 'Use letters, digits and _, each label once; le, quantile and what begins with __ have a meaning of their own.',
    message: (d: { metric: string; label: string }) =>
      `Metric ${d.metric} declares the label ${JSON.stringify(d.label.slice(0, 100))}.`,
  },
  BP_METRIC_BUCKETS: {
    title: 'The buckets of a histogram do not rise',
    mend: 'Give upper bounds, each above the one before.',
    message: (d: { metric: string }) => `The buckets of ${d.metric} do not rise.`,
  },
  BP_METRIC_LABELS: {
    title: 'A metric is used with other labels than it declares',
    mend: 'Give every label that it declares, and no other.',
    message: (d: { metric: string; declared: readonly string[]; given: readonly string[] }) =>
      `Metric ${d.metric} has the labels [${d.declared.join(', ')}], and was given [${d.given.join(', ')}].`,
  },
  BP_METRIC_VALUE: {
    title: 'A metric is given a value that it cannot take',
    mend: 'Numbers only; a counter never goes down.',
    message: (d: { metric: string; problem: string }) => `Metric ${d.metric}: ${d.problem}.`,
  },
  BP_METRIC_TAKEN: {
    title: 'Two plugins have one metric',
    status: 409,
    mend: 'Give one of them another metrics_prefix.',
    message: (d: { metric: string; owners: readonly string[] }) =>
      `The metric ${d.metric} belongs to ${d.owners.join(' and to ')}.`,
  },
  BP_METRIC_REDEFINED: {
    title: 'A plugin gives one metric two forms',
    mend: 'Declare each metric once, with one type, one list of labels and one list of buckets.',
    message: (d: { plugin: string; metric: string }) => `Plugin ${d.plugin} declares ${d.metric} in two ways.`,
  },
  BP_METRIC_SERIES: {
    title: 'A metric has too many combinations of labels',
    mend: 'Leave out labels with values without end, such as ids and paths. What is over the limit is counted under "other".',
    message: (d: { metric: string }) => `The metric ${d.metric} has 2,000 series, and keeps no more.`,
  },
  BP_METRICS_NOT_COLLECTED: {
    title: 'A plugin could not give its metrics',
    mend: 'The cause has the stack. Everybody else is shown.',
    message: (d: { plugin: string; reason: string }) => `The metrics of ${d.plugin} were not collected: ${d.reason}.`,
  },
  BP_LOG_LEVEL_UNKNOWN: {
    title: 'A log level is not one.',
    status: 400,
    mend: 'Use trace, debug, info, warn, error or silent.',
    message: (d: { level: string; namespace: string }) =>
      `${JSON.stringify(d.level.slice(0, 50))} is no log level${d.namespace === '' ? '' : ` for "${d.namespace}"`}.`,
  },
});
