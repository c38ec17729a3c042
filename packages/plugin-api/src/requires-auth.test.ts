import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Principal } from './call-context.ts';
import { type AuthRule, requiresAuth } from './requires-auth.ts';
import { inCallOf } from './testing/in-call.ts';
import { trackMetrics } from './track-metrics.ts';

const enter = (rule?: AuthRule) => requiresAuth(rule)(() => 'in');
const codeOf = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

const names = fc.subarray(['a', 'b', 'c']);
const principals: fc.Arbitrary<Principal> = fc.record({
  kind: fc.constantFrom('anonymous', 'user', 'service', 'system'),
  id: fc.constant('x'),
  roles: names,
  permissions: names,
});
const rules: fc.Arbitrary<AuthRule> = fc
  .record({ roles: names, permissions: names, system: fc.boolean() })
  .map(({ roles, permissions, system }) => ({
    ...(roles.length > 0 && { roles }),
    ...(permissions.length > 0 && { permissions }),
    system,
  }));

describe('a guarded method', () => {
  it('lets in who has one of the roles and all of the permissions, and nobody else', () => {
    fc.assert(
      fc.property(rules, principals, (rule, principal) => {
        const has = (mine: readonly string[], one: string) => mine.includes(one);
        const fits =
          (rule.roles === undefined || rule.roles.some((role) => has(principal.roles, role))) &&
          (rule.permissions ?? []).every((permission) => has(principal.permissions, permission));
        const expected = {
          anonymous: 'BP_AUTH_REQUIRED',
          system: rule.system ? 'in' : 'BP_AUTH_FORBIDDEN',
          user: fits ? 'in' : 'BP_AUTH_FORBIDDEN',
          service: fits ? 'in' : 'BP_AUTH_FORBIDDEN',
        }[principal.kind];
        expect(inCallOf(principal, () => codeOf(enter(rule)))).toBe(expected);
      }),
    );
  });

  it('lets nobody in outside of a call, the system neither', () => {
    expect(inCallOf(undefined, () => codeOf(enter({ system: true })))).toBe('BP_AUTH_REQUIRED');
  });

  it('says what is missing, and nothing of what is there', () => {
    const act = requiresAuth({ roles: ['admin', 'owner'], permissions: ['read', 'write'] })(function act() {});
    expect(() => inCallOf({ permissions: ['read'] }, act)).toThrow(
      'ada may not call act(): it takes one of the roles admin, owner and the permissions write.',
    );
    expect(() => inCallOf({ roles: ['owner'], permissions: ['read'] }, act)).toThrow('it takes the permissions write.');
    expect(() => inCallOf({ kind: 'system', id: 'system' }, act)).toThrow('system may not call act()');
  });

  it('refuses in a promise where the method gives one, also under another decorator', async () => {
    const wait = requiresAuth()(trackMetrics({ metricName: 'waits' })(async () => 'in'));
    const refused = inCallOf({ kind: 'anonymous' }, () => wait());
    await expect(refused).rejects.toMatchObject({ code: 'BP_AUTH_REQUIRED', status: 401 });
  });

  it('keeps this, arguments, name and length', () => {
    const counter = {
      count: 1,
      add: requiresAuth()(function add(this: { count: number }, by: number, times = 1) {
        return this.count + by * times;
      }),
    };
    expect(inCallOf({}, () => counter.add(2, 3))).toBe(7);
    expect([counter.add.name, counter.add.length]).toEqual(['add', 1]);
  });
});

it('refuses rules that would ask for nothing by mistake', () => {
  for (const rule of [{ roles: [] }, { role: ['a'] }, { roles: 'a' }, { roles: [1] }, { system: 'yes' }, null]) {
    expect(() => requiresAuth(rule as never)).toThrow(expect.objectContaining({ code: 'BP_DECORATOR_OPTIONS' }));
  }
});
