import { type CallContext, CURRENT_CALL, type Principal } from '../call-context.ts';

/** Runs `action` as if the host had begun a call for this principal; outside of any where there is none. */
export function inCallOf<R>(principal: Partial<Principal> | undefined, action: () => R): R {
  const call =
    principal &&
    ({ principal: { kind: 'user', id: 'ada', roles: [], permissions: [], ...principal } } as unknown as CallContext);
  const reader = globalThis as { [CURRENT_CALL]?: () => CallContext | undefined };
  const before = reader[CURRENT_CALL];
  reader[CURRENT_CALL] = () => call;
  try {
    return action();
  } finally {
    reader[CURRENT_CALL] = before as () => CallContext | undefined;
  }
}
