import { defineErrors } from './error-catalogue.ts';

export const errors = defineErrors('base', {
  BP_NOT_CLONEABLE: {
    title: 'A value cannot cross to another thread or process',
    mend: 'Pass plain data: objects, arrays, strings, numbers, dates, maps, sets and bytes.',
    message: (d: {
      what: string;
      path: string;
      reason: string;
      service?: string | undefined;
      method?: string | undefined;
    }) => `${d.what} cannot be passed on${d.path === '' ? '' : `, at ${d.path}`}: ${d.reason}.`,
  },
  BP_METHOD_MISSING: {
    title: 'A service has no such method',
    mend: 'Call a method that the service has.',
    message: (d: { service: string; method: string; provider?: string | undefined }) =>
      `Service "${d.service}"${d.provider === undefined ? '' : ` of plugin "${d.provider}"`} has no method "${d.method}".`,
  },
});
