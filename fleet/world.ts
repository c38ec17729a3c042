import type { Harbour } from './harbour.ts';
import type { FleetHost } from './host/fleet-host.ts';
import type { Member } from './members/member.ts';
import type { Figures } from './oracle/figures.ts';
import type { Findings } from './oracle/findings.ts';
import type { Receipts } from './oracle/receipts.ts';
import type { Tally } from './oracle/tally.ts';
import type { Client } from './traffic/client.ts';
import type { Quay } from './traffic/quay.ts';

/** Everything of one run, for whoever takes part in it. */
export interface World {
  readonly host: FleetHost;
  readonly harbour: Harbour;
  readonly client: Client;
  readonly members: readonly Member[];
  /** The middleware that marks every answer. */
  readonly stamp: Member;
  /** What the pilots need. */
  readonly lighthouse: Member;
  /** What plugins connect to. */
  readonly quay: Quay;
  readonly findings: Findings;
  readonly tally: Tally;
  readonly receipts: Receipts;
  readonly figures: Figures;
  /** Whom the operation under way is about: they are asked more often than others. */
  focus: readonly Member[];
}
