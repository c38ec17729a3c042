import { currentCall, type Logger } from '@backplane/plugin-api';
import type { Peer } from './peer.ts';
import { LOG_LEVELS, type LogLevel, type LogPayload, SAY } from './protocol.ts';
import { ReceivedCall } from './received-call.ts';
import { encodeFields, printFields } from './wire-log.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The plugin's logger in the host, seen from a child. Lines are dropped while the host is far behind; the next one says how many. */
export function createRemoteLogger(peer: Peer): Logger {
  let dropped = 0;
  const write = (level: LogLevel, message: string, given: Fields | undefined) => {
    const call = currentCall();
    const encoded = encodeFields(given);
    const fields = dropped > 0 ? { ...encoded, droppedLines: dropped } : encoded;
    const payload = (wire: Fields | undefined): LogPayload => [
      level,
      String(message),
      wire,
      call instanceof ReceivedCall ? call.token : 0,
      call?.trace.traceId,
    ];
    const sent = peer.note(SAY.log, payload(fields), () => payload(given && printFields(given)));
    dropped = sent ? 0 : dropped + 1;
  };
  return Object.fromEntries(
    LOG_LEVELS.map((level) => [level, (message: string, fields?: Fields) => write(level, message, fields)]),
  ) as Record<LogLevel, Logger[LogLevel]>;
}
