import { defineErrors } from './error-catalogue.ts';

export const errors = defineErrors('base', {
  BP_NOT_CLONEABLE: {
    title: 'A value cannot cross to another thread or process',
    mend: 'Pass plain data: objects, arrays, strings, numbers, dates, maps, sets and bytes.',
    message: (d: { service: string; method: string; side: 'argument' | 'result'; path: string; reason: string }) =>
      `${d.service}.${d.method}: the ${d.side}${d.path === '' ? '' : ` at ${d.path}`} cannot be passed on, because ${d.reason}.`,
  },
});
