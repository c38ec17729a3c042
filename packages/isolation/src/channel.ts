/**
 * Carries messages to another thread or process, in order, or not at all. One message is a batch of frames.
 * Byte arrays arrive with exactly the bytes of their view, never with the rest of the buffer behind it.
 */
export interface Channel {
  /**
   * Hands one message over. False says that the other side is behind: send no more until `drained` has been heard.
   * @throws Error, synchronously and without side effect, when the message cannot be copied.
   */
  send(message: readonly unknown[]): boolean;
  /** Closing twice does nothing. */
  close(): void;
  /** Begins to listen; called once. What arrived before is delivered then. */
  listen(listener: ChannelListener): void;
}

export interface ChannelListener {
  /** Whatever came, unchecked. */
  message(message: unknown): void;
  drained(): void;
  /** Called once, also after `close()`. */
  closed(): void;
}
