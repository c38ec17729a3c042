import type { FastifyInstance } from 'fastify';
import { DocumentRequest, LARGEST_IN_JSON } from './document-request.ts';
import { errors } from './errors.ts';
import type { KeyedDocumentSigner } from './keyed-document-signer.ts';

/** A third more for base64, and room for what surrounds it. */
const bodyLimit = 2 * LARGEST_IN_JSON;

/** `POST /documents/sign`, `POST /documents/verify` and `GET /keys/:key_id`, under the plugin's own path. */
export function documentRoutes(signer: KeyedDocumentSigner): (app: FastifyInstance) => void {
  return (app) => {
    // The document goes to the signer as it arrives: no limit, because nothing is gathered.
    app.addContentTypeParser('application/octet-stream', (_request, stream, done) => done(null, stream));

    app.post('/documents/sign', { bodyLimit, errorHandler: pointToStreaming }, async ({ body, query }) => {
      const request = new DocumentRequest(body, query);
      const signed = await signer.signDocument({
        document: request.document,
        algorithm: request.optionalText('algorithm'),
      });
      return {
        signature: Buffer.from(signed.signature).toString('base64'),
        algorithm: signed.algorithm,
        key_id: signed.keyId,
        timestamp: signed.timestamp,
      };
    });

    app.post('/documents/verify', { bodyLimit, errorHandler: pointToStreaming }, async ({ body, query }) => {
      const request = new DocumentRequest(body, query);
      const { valid, algorithm, keyId } = await signer.verifyDocument({
        document: request.document,
        signature: request.signature(),
        keyId: request.text('key_id'),
        algorithm: request.optionalText('algorithm'),
      });
      return { valid, algorithm, key_id: keyId };
    });

    app.get<{ Params: { key_id: string } }>('/keys/:key_id', async (request, reply) => {
      const pem = await signer.publicKey(request.params.key_id);
      return reply.type('application/x-pem-file').send(pem);
    });
  };
}

/** Fastify's own refusal of a large body does not say what to do instead. */
function pointToStreaming(error: Error & { code?: string }): never {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    throw errors.BP_TRUST_DOCUMENT_TOO_LARGE({ limit: LARGEST_IN_JSON }, { cause: error });
  }
  throw error;
}
