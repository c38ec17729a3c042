import { ManualClock } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { InstanceView } from './instance-view.ts';

function openView() {
  const clock = new ManualClock();
  return { clock, view: new InstanceView('test', 1, [], undefined, clock, new Map()) };
}

describe('the deadline of a call', () => {
  it('aborts the signal when it passes', async () => {
    const { clock, view } = openView();
    const call = view.enter({ deadline: clock.now() + 100 });
    const { signal } = call;
    await clock.advance(99);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
    call.leave();
  });

  it('leaves no timer behind when the call is left or cancelled first, or the signal is asked for afterwards', () => {
    const { clock, view } = openView();
    const init = { deadline: clock.now() + 60_000 };
    const [left, cancelled, late] = [view.enter(init), view.enter(init), view.enter(init)];
    expect([left.signal.aborted, cancelled.signal.aborted]).toEqual([false, false]);
    expect(clock.waiting).toBe(2);
    left.leave();
    cancelled.cancel(new Error('gone'));
    late.leave();
    expect(late.signal.aborted).toBe(false);
    expect(clock.waiting).toBe(0);
  });
});
