import type { Clock } from '@backplane/base';
import type {
  Administration,
  AnswerBook,
  AuditLog,
  Catalogue,
  ChangeDesk,
  HostControl,
  LogBook,
  OperationBook,
} from '@backplane/ports';

/** What the API stands on. */
export interface ApiParts {
  readonly control: HostControl;
  readonly desk: ChangeDesk;
  /** Rows are as of now when the promise resolves. */
  readonly catalogue: () => Promise<Catalogue>;
  readonly answers: AnswerBook;
  readonly operations: OperationBook;
  readonly administration: Administration;
  readonly audit: AuditLog;
  readonly logs: LogBook;
  /** Aborts when the host is about to stop: what goes on for long ends then. */
  readonly ending: AbortSignal;
  readonly clock: Clock;
}
