import { describe, expect, it } from 'vitest';
import { type Duty, Outlook } from './outlook.ts';

const serving = (build: number): Duty => ({
  kind: 'serves',
  version: `1.0.${build}`,
  major: 1,
  build,
  factor: build,
  greeting: 'ahoy',
  level: 'inline',
});
const builds = (outlook: Outlook) =>
  outlook.embark().possible.map(({ duty }) => (duty.kind === 'serves' ? duty.build : duty.kind));

describe('Outlook', () => {
  it('allows old and new while a change is under way, and the new alone once it is acknowledged', () => {
    const outlook = new Outlook(serving(1));
    outlook.announce(serving(2));
    expect(builds(outlook)).toEqual([1, 2]);
    outlook.settle();
    expect(builds(outlook)).toEqual([2]);
  });

  it('allows a request that began before the change to be answered by either', () => {
    const outlook = new Outlook(serving(1));
    const { possible: before } = outlook.embark();
    const passage = outlook.embark();
    outlook.announce(serving(2));
    outlook.settle();
    expect(before).toHaveLength(1);
    expect(passage.possible.map(({ number }) => number)).toEqual([0, 1]);
  });

  it('allows nothing older any more to who asks after an answer of the new one', () => {
    const outlook = new Outlook(serving(1));
    outlook.announce({ kind: 'down' }, serving(2));
    const passage = outlook.embark();
    passage.answeredBy(passage.possible[1] as never);
    expect(builds(outlook)).toEqual(['down', 2]);
    passage.answeredBy(passage.possible[0] as never);
    expect(builds(outlook)).toEqual(['down', 2]);
  });

  it('begins with a plugin that nobody knows', () => {
    expect(builds(new Outlook())).toEqual(['absent']);
  });
});
