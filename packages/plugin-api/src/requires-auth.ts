import type { BackplaneError } from '@backplane/base';
import { type CallContext, currentCall } from './call-context.ts';
import { check, checkOptions } from './check-options.ts';
import { apiErrors } from './errors.ts';
import { isAsyncMethod, type Method, replaceMethod } from './method-marks.ts';

/** Who may call a method. Without roles and permissions: everybody who has proved who they are. */
export interface AuthRule {
  /** The caller has one of these. */
  readonly roles?: readonly string[];
  /** The caller has all of these. */
  readonly permissions?: readonly string[];
  /** Timers and the host itself, which have neither roles nor permissions, may call it too. Default false. */
  readonly system?: boolean;
}

/**
 * Puts a guard before a method: it looks at the principal of the current call (`currentCall()`), however the method is reached. Outside of
 * any call nobody has proved anything, and it refuses.
 * @throws BP_DECORATOR_OPTIONS; the method: BP_AUTH_REQUIRED (401), BP_AUTH_FORBIDDEN (403)
 */
export function requiresAuth(rule: AuthRule = {}): <M extends Method>(method: M) => M {
  checkOptions('requiresAuth', rule, { roles: check.names, permissions: check.names, system: check.flag });
  const { roles, permissions = [], system = false } = rule;
  return (method) => {
    const promises = isAsyncMethod(method);
    return replaceMethod(method, function guarded(this: unknown, ...args: unknown[]) {
      const call = currentCall();
      const refusal = call && mayPass(call) ? undefined : refusalOf(method.name, call, rule);
      if (refusal === undefined) return Reflect.apply(method, this, args);
      if (promises) return Promise.reject(refusal);
      throw refusal;
    });
  };

  function mayPass({ principal }: CallContext): boolean {
    if (principal.kind === 'anonymous') return false;
    if (principal.kind === 'system') return system;
    if (roles !== undefined && !roles.some((role) => principal.roles.includes(role))) return false;
    return permissions.every((permission) => principal.permissions.includes(permission));
  }
}

function refusalOf(method: string, call: CallContext | undefined, rule: AuthRule): BackplaneError {
  if (call === undefined || call.principal.kind === 'anonymous')
    return apiErrors.BP_AUTH_REQUIRED({ method, outside: call === undefined });
  const { principal } = call;
  const { roles = [], permissions = [] } = rule;
  return apiErrors.BP_AUTH_FORBIDDEN({
    method,
    principal: principal.id,
    roles: roles.some((role) => principal.roles.includes(role)) ? [] : roles,
    permissions: permissions.filter((permission) => !principal.permissions.includes(permission)),
  });
}
