import { defineErrors } from '@backplane/plugin-api';

export const errors = defineErrors({
  BP_TRUST_ALGORITHM: {
    title: 'A document should be signed with an algorithm that the configuration does not allow.',
    status: 400,
    mend: 'Name one of those, or none to take the first.',
    message: (d: { algorithm: string; allowed: readonly string[] }) =>
      `The algorithm ${JSON.stringify(d.algorithm.slice(0, 50))} is not allowed here; allowed are ${d.allowed.join(', ')}.`,
  },
  BP_TRUST_BASE64: {
    title: 'A value is not base64.',
    status: 400,
    mend: 'Encode it as RFC 4648 section 4 says, with padding and without line breaks; in a query, as section 5 says (base64url).',
    message: (d: { field: string }) => `"${d.field}" is not base64.`,
  },
  BP_TRUST_REQUEST: {
    title: 'A request lacks a value, or has one of the wrong kind.',
    status: 400,
    mend: 'Send a JSON object, or the document as application/octet-stream with everything else in the query.',
    message: (d: { problem: string }) => `${d.problem}.`,
  },
  BP_TRUST_DOCUMENT_TOO_LARGE: {
    title: 'A document is too large for a JSON body.',
    status: 413,
    mend: 'Send it as application/octet-stream, with everything else in the query: then it may have any size.',
    message: (d: { limit: number }) => `A document in JSON may have ${d.limit} bytes at most.`,
  },
  BP_TRUST_NO_KEYS: {
    title: 'The document signer was asked to sign before it was started.',
    status: 503,
    mend: 'Try again in a moment.',
    message: (_: Record<never, never>) => 'The document signer has no keys yet.',
  },
});
