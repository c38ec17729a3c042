import type { FastifyInstance } from 'fastify';
import type { DeclaredOperation } from './declared-operation.ts';
import { DESCRIBED, describeOperation } from './describe-route.ts';
import { OperationHandler, type OperationHost } from './operation-handler.ts';

/** Adds the routes of declared operations to a scope of its own. @throws BP_OPERATION_INVALID */
export async function addOperations(
  app: FastifyInstance,
  operations: readonly DeclaredOperation[],
  host: OperationHost,
): Promise<void> {
  // A body is JSON, or of a type that nobody reads here: text would only ever break its schema.
  app.removeContentTypeParser('text/plain');
  for (const operation of operations) {
    const { handle } = await OperationHandler.create(operation, host);
    const { method, path } = operation.definition;
    app.route({ method, url: path, handler: handle, config: { [DESCRIBED]: describeOperation(operation) } as object });
  }
}
