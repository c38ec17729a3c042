import type { PropertyMap } from '@backplane/plugin-api';

const ALGORITHMS = ['RSA-SHA256', 'RSA-SHA384', 'ECDSA-SHA256', 'ECDSA-SHA384'] as const;

/** The `config_schema` of plugin.yaml, here so that `context.config` has types. A test keeps the two the same. */
export const config = {
  signing_algorithms: {
    type: 'array',
    items: { type: 'string', enum: ALGORITHMS },
    minItems: 1,
    uniqueItems: true,
    default: ['RSA-SHA256', 'ECDSA-SHA256'],
    description: 'What may be signed with; the first is taken where a request names none.',
  },
  document_signer_url: { type: 'string', description: 'A document signer elsewhere.' },
  trust_anchor_url: { type: 'string', description: 'A trust anchor service elsewhere.' },
  trust_anchor_timeout: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 30,
    description: 'Seconds to wait for the trust anchor service.',
  },
  pkd_url: { type: 'string', description: 'A public key directory elsewhere.' },
  pkd_cache_ttl: {
    type: 'number',
    minimum: 0,
    default: 3600,
    description: 'Seconds that an answer of the public key directory stays good.',
  },
  require_mutual_tls: {
    type: 'boolean',
    default: true,
    description: 'Services elsewhere are spoken to over mutual TLS only.',
  },
  certificate_validation_enabled: {
    type: 'boolean',
    default: true,
    description: 'Certificates are validated before they are trusted.',
  },
} as const satisfies PropertyMap;
