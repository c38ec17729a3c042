import { expect, it } from 'vitest';
import { staleSchemas } from './schemas.ts';

it('finds the committed schemas to be what their source says', () => {
  expect(staleSchemas()).toEqual([]);
});
