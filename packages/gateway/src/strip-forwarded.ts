import type { IncomingMessage } from 'node:http';

const PREFIX = 'x-backplane-';

/** Takes every `x-backplane-*` header out of a request: only a host may set them, for the processes of its plugins. */
export function stripForwarded(request: IncomingMessage): void {
  const { rawHeaders } = request;
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    const name = rawHeaders[i] as string;
    // Looked at for every header of every request: the cheap tests come first.
    if (name.length <= PREFIX.length || name.charCodeAt(1) !== 45) continue;
    const lower = name.toLowerCase();
    if (!lower.startsWith(PREFIX)) continue;
    // Node builds the objects from the raw list, by a length it remembers: they must exist before the list is cut.
    delete request.headers[lower];
    delete request.headersDistinct[lower];
    rawHeaders.splice(i, 2);
  }
}
