import { defineErrors } from '@backplane/base';

export const errors = defineErrors('telemetry', {
  BP_LOG_LEVEL_UNKNOWN: {
    title: 'A log level is not one.',
    status: 400,
    mend: 'Use trace, debug, info, warn, error or silent.',
    message: (d: { level: string; namespace: string }) =>
      `${JSON.stringify(d.level.slice(0, 50))} is no log level${d.namespace === '' ? '' : ` for "${d.namespace}"`}.`,
  },
});
