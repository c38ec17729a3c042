import { service } from '@backplane/plugin-api';

/** Who answered a call. */
export interface Shine {
  readonly build: number;
  readonly instance: number;
}

export interface Beam {
  shine(): Promise<Shine>;
}

/** What the lighthouse offers and pilots need, in the major version that they were made for. */
export const beam = (major: number) => service<Beam>('lighthouse.beam', { range: `^${major}.0.0` });
