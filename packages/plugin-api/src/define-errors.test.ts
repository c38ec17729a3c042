import { publishedCatalogues } from '@backplane/base';
import { expect, it } from 'vitest';
import { defineErrors } from './define-errors.ts';

it('makes errors with code, status and details, and keeps nothing of the plugin that declares them', () => {
  const before = publishedCatalogues().length;
  const errors = defineErrors({
    BP_HELLO_NOBODY: {
      title: 'There is nobody to greet.',
      status: 404,
      mend: 'Name somebody.',
      message: (d: { name: string }) => `Nobody is called ${d.name}.`,
    },
  });
  const error = errors.BP_HELLO_NOBODY({ name: 'x' });
  expect(error).toMatchObject({
    code: 'BP_HELLO_NOBODY',
    status: 404,
    details: { name: 'x' },
    title: 'There is nobody to greet.',
  });
  expect(error.message).toBe('Nobody is called x. Name somebody.');
  expect(publishedCatalogues()).toHaveLength(before);
});
