import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['verison', 'version'],
    ['displayName', 'display_name'],
    ['phaze', 'phase'],
    ['display', 'display_name'],
    ['dependancies', 'dependencies'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearestName(word, ['name', 'version', 'display_name', 'phase', 'dependencies'])).toBe(meant);
  });

  it('suggests nothing that is far away', () => {
    expect(nearestName('colour', ['name', 'version', 'phase'])).toBeUndefined();
    expect(nearestName('b', ['a'])).toBeUndefined();
  });

  it('stays cheap for absurdly long words', () => {
    const started = performance.now();
    nearestName('x'.repeat(1_000_000), ['y'.repeat(1_000_000)]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
