/** A request of the other side while it is served here. */
export class IncomingRequest {
  readonly subject: string;
  readonly payload: unknown;
  /** Called at most once, when the other side no longer waits. */
  onCancel: ((reason: Error) => void) | undefined;
  #cancelled: Error | undefined;
  #controller: AbortController | undefined;

  constructor(subject: string, payload: unknown) {
    this.subject = subject;
    this.payload = payload;
  }

  get cancelled(): boolean {
    return this.#cancelled !== undefined;
  }

  /** Aborts when the other side no longer waits, with its reason. Made when first read: most requests never need one. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled !== undefined) this.#controller.abort(this.#cancelled);
    }
    return this.#controller.signal;
  }

  cancel(reason: Error): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = reason;
    this.#controller?.abort(reason);
    this.onCancel?.(reason);
  }
}
