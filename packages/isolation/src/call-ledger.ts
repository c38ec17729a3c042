import type { CallContext } from '@backplane/plugin-api';

/** The host's calls that are in a child now, by token: a call made in one of them goes on in the same context. */
export class CallLedger {
  readonly #calls = new Map<number, CallContext>();
  #lastToken = 0;

  /** Gives the token to send along; never 0. */
  open(call: CallContext): number {
    const token = ++this.#lastToken;
    this.#calls.set(token, call);
    return token;
  }

  /** Forgets the call; doing it again does nothing. */
  close(token: number): void {
    this.#calls.delete(token);
  }

  /** `undefined` outside any call, and for one that has ended. */
  find(token: number): CallContext | undefined {
    return this.#calls.get(token);
  }
}
