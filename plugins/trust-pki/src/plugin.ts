import { definePlugin } from '@backplane/plugin-api';
import { config } from './config.ts';
import { documentSigner } from './document-signer.ts';
import { KeyedDocumentSigner } from './keyed-document-signer.ts';
import { documentRoutes } from './routes.ts';
import { signerHealth } from './signer-health.ts';

export default definePlugin({
  name: 'trust-pki',
  version: '1.0.0',
  displayName: 'MartyTrustPKI',
  description: 'Signs and verifies documents with keys that the host keeps.',
  license: 'Apache-2.0',
  aliases: ['marty'],
  kinds: ['service'],
  type: 'utility',
  phase: 'business',
  provides: [documentSigner],
  config,

  initialize(context) {
    const { config, logger } = context;
    const signer = new KeyedDocumentSigner(context.security, config.signing_algorithms);
    context.provide(documentSigner, signer);
    context.http.routes(documentRoutes(signer));

    return {
      async start() {
        await signer.ensureKeys();
        const elsewhere = (['document_signer_url', 'trust_anchor_url', 'pkd_url'] as const).filter(
          (key) => config[key],
        );
        if (elsewhere.length > 0) logger.warn('documents are signed here; these addresses are not used', { elsewhere });
        logger.info('ready to sign', { algorithms: config.signing_algorithms });
      },
      health: signerHealth(signer),
    };
  },
});
