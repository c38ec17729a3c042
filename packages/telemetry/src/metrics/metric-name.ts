const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
/** What the formats give a meaning of their own. */
const TAKEN_LABELS: ReadonlySet<string> = new Set(['le', 'quantile']);

/** The whole name of a metric. */
export const prefixed = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}_${name}`);

/** True for a name that Prometheus takes. */
export const isMetricName = (name: string): boolean =>
  typeof name === 'string' && name.length <= 200 && NAME.test(name);

/** True for a label that a metric may declare. */
export const isLabelName = (name: string): boolean =>
  typeof name === 'string' && name.length <= 100 && LABEL.test(name) && !TAKEN_LABELS.has(name);
