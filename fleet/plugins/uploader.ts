import { createHash } from 'node:crypto';
import multipart from '@fastify/multipart';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Takes files through `@fastify/multipart`, as that comes from the registry. */
export const uploader = (variant: Variant) =>
  ship(variant, {
    board: () => ({
      async routes(app) {
        await app.register(multipart, { limits: { fileSize: Number(variant.options?.fileSize) } });
        app.post('/files', async (request) => {
          const file = await request.file();
          if (file === undefined) throw new Error('There is no file in the form.');
          const bytes = await file.toBuffer();
          // toBuffer() looks at this with each piece only: what is cut off between two pieces has to be asked for.
          if (file.file.truncated) throw new app.multipartErrors.RequestFileTooLargeError();
          return { name: file.filename, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
        });
      },
    }),
  });
