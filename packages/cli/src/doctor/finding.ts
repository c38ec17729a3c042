/** What the doctor has found. */
export interface Finding {
  readonly level: 'fine' | 'note' | 'warning' | 'problem';
  /** One sentence. */
  readonly text: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** One thing that is looked at. What it throws is a problem. */
export interface Check {
  readonly name: string;
  run(): Promise<readonly Finding[]>;
}

export const fine = (text: string): Finding => ({ level: 'fine', text });
export const note = (text: string): Finding => ({ level: 'note', text });
export const warning = (text: string, mend: string): Finding => ({ level: 'warning', text, mend });
export const problem = (text: string, mend: string): Finding => ({ level: 'problem', text, mend });
