import { isBackplaneError, messageOf } from '@backplane/base';

/** What is known of a handler's calls. They outlive an instance: a new version goes on with them. */
export class HandlerFigures {
  /** Calls that are counted one by one: those of handlers that are not called at every dispatch. */
  calls = 0;
  failures = 0;
  timed = 0;
  totalMs = 0;
  longestMs = 0;
  lastFailure: { readonly at: number; readonly code: string; readonly message: string } | undefined;

  took(ms: number): void {
    this.timed++;
    this.totalMs += ms;
    this.longestMs = Math.max(this.longestMs, ms);
  }

  failed(error: unknown, at: number): void {
    this.failures++;
    this.lastFailure = { at, code: isBackplaneError(error) ? error.code : 'ERROR', message: messageOf(error) };
  }
}
