/** What a server process says of itself. CPU in microseconds, memory in bytes. */
export interface Usage {
  readonly cpu: number;
  readonly heap: number;
  readonly rss: number;
}

/**
 * Called by the entry of a server variant, once it listens: tells the benchmark its port and answers what it has used.
 * The process ends with the benchmark.
 */
export function reportTo(port: number): void {
  process.on('message', () => {
    // Before the collection, which costs more the larger a heap is and is none of the requests' doing.
    const { user, system } = process.cpuUsage();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    process.send?.({ cpu: user + system, heap: heapUsed, rss } satisfies Usage);
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ port });
}
