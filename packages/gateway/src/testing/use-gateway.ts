import { afterEach, beforeEach, expect } from 'vitest';
import type { GatewayOptions } from '../gateway.ts';
import { type GatewayFixture, startGateway } from './gateway-fixture.ts';

/** A gateway for each test of a suite; the suite fails where a call is still in flight at the end of a test. */
export function useGateway(options: Partial<GatewayOptions> = {}): { readonly current: GatewayFixture } {
  let current: GatewayFixture | undefined;
  beforeEach(async () => {
    current = await startGateway(options);
  });
  afterEach(async () => {
    await current?.close();
    expect(current?.host.calls.size).toBe(0);
    expect(current?.gateway.inFlight).toBe(0);
  });
  return {
    get current() {
      if (current === undefined) throw new Error('No test is running.');
      return current;
    },
  };
}
