import type { MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Middleware that marks every answer of the host; whoever asks anything checks the mark. */
export const stamp: MemberKind = { name: 'stamp', visit: askForReport, isolable: false };
