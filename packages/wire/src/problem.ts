import { type Static, Type } from 'typebox';

/** One thing that is wrong with a request. */
export const ProblemIssue = Type.Object({
  in: Type.String({ description: 'Which part of the request: body, querystring, params or headers.' }),
  pointer: Type.String({ description: 'JSON Pointer to the value; empty for the whole part.' }),
  keyword: Type.String({ description: 'The schema keyword that refused it.' }),
  message: Type.String(),
  expected: Type.Optional(Type.String({ description: 'What would be accepted, in a few words.' })),
  nearest: Type.Optional(Type.String({ description: 'The allowed key or value that was most likely meant.' })),
});
export type ProblemIssue = Static<typeof ProblemIssue>;

/** An error as HTTP answers it: RFC 9457, with a stable code. Other members may follow; readers ignore what they do not know. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem, as a URI; one for each code.' }),
    title: Type.String({ description: 'What the code means, in one sentence.' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What happened, to whom, and what to do.' }),
    code: Type.String({ pattern: '^BP_[A-Z0-9_]+$', description: 'Stable; recognise problems by it.' }),
    instance: Type.String({ description: 'The path that was asked for.' }),
    trace_id: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Finds the log lines of this request.' }),
    ),
    errors: Type.Optional(Type.Array(ProblemIssue, { description: 'Where several values are wrong: each of them.' })),
  },
  { $id: 'https://backplane.dev/schemas/problem.json', title: 'Problem' },
);
export type Problem = Static<typeof Problem>;
