import { defineErrors } from '@backplane/base';

export const errors = defineErrors('cli', {
  BP_OPTION_INVALID: {
    title: 'An option or environment variable has a value that cannot be used',
    status: 400,
    mend: 'See "backplane start --help".',
    message: (d: { option: string; value: string; expected: string }) =>
      `${d.option} is "${d.value}", which is not ${d.expected}.`,
  },
});
