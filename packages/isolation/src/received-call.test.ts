import type { Clock } from '@backplane/base';
import { describe, expect, it } from 'vitest';
import { ReceivedCall } from './received-call.ts';
import { call } from './testing/fake-host.ts';
import { callHeader, decodeCall, encodeCall, readCallHeader } from './wire-call.ts';

function surroundings() {
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 1000,
    monotonic: () => 0,
    after(delayMs, action) {
      timers.set(action, delayMs);
      return { cancel: () => timers.delete(action) };
    },
  };
  const ended = new AbortController();
  return { clock, timers, ended, all: { clock, draining: new AbortController().signal, ended: ended.signal } };
}

const wire = (deadline?: number) => encodeCall(call({ deadline }), 7);

describe('a call that crosses', () => {
  it('says the same on both sides', () => {
    const principal = { kind: 'service', id: 'a b {c} "d" é', roles: ['x y'], permissions: ['{'] } as const;
    const sent = call({ principal, deadline: 12.5 });
    const { trace, deadline, generation } = sent;
    expect(decodeCall(encodeCall(sent, 3))).toEqual({ token: 3, principal, trace, deadline, generation });
    expect(decodeCall(wire()).deadline).toBeUndefined();
  });

  it('is believed in a header only with the secret', () => {
    const header = callHeader(wire(), 'secret');
    expect(readCallHeader(header, 'secret')).toBe(wire());
    for (const forged of [header.replace('secret', 'secreT'), wire(), '', undefined, [header]])
      expect(readCallHeader(forged, 'secret')).toBeUndefined();
  });

  it('sets no timer before somebody asks for its signal, and takes it back when left', () => {
    const { timers, all } = surroundings();
    const received = new ReceivedCall(wire(1500), all);
    expect(timers.size).toBe(0);
    const { signal } = received;
    expect([...timers.values()]).toEqual([500]);
    for (const action of timers.keys()) action();
    expect(signal.reason).toMatchObject({ code: 'BP_REMOTE_DEADLINE' });
    const other = new ReceivedCall(wire(1500), all);
    expect(other.signal.aborted).toBe(false);
    other.leave();
    expect(timers.size).toBe(0);
  });

  it('aborts for the first reason only, also when asked late', () => {
    const { ended, all } = surroundings();
    const early = new ReceivedCall(wire(), all);
    early.cancel('first');
    early.cancel('second');
    expect(early.signal.reason).toBe('first');
    const open = new ReceivedCall(wire(), all);
    const left = new ReceivedCall(wire(), all);
    const signals = [open.signal, left.signal];
    left.leave();
    ended.abort('limit');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(new ReceivedCall(wire(), all).signal.reason).toBe('limit');
  });
});
