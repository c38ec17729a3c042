/** What a system says of a pipe that nobody reads any more, and of a terminal that has closed. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO']);

let goesOn = false;

/** Ends the process quietly when nobody reads on: whoever reads only the beginning, as `head` does, has what it wants. */
export function endWhenOutputCloses(): void {
  const onError = (error: NodeJS.ErrnoException) => {
    if (!CLOSED.has(error.code)) throw error;
    if (!goesOn) process.exit(0);
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
}

/** From here on the process goes on, read or not: it is there to serve, and ends in order when it is told to. */
export function goOnWhenOutputCloses(): void {
  goesOn = true;
}
