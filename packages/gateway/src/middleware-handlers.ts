import type { ExtensionPointHandler } from '@backplane/ports';
import type { PlacedMiddleware } from './layer.ts';
import type { MountTable } from './mount-table.ts';

/** The middleware of a generation as handlers of extension points: on the way in outermost first, on the way out outermost last. */
export function middlewareHandlers({
  middleware,
  passedOver,
}: Pick<MountTable, 'middleware' | 'passedOver'>): ExtensionPointHandler[] {
  const wayIn = middleware.filter(({ definition }) => definition.handle ?? definition.onRequest);
  const parsing = middleware.filter(({ definition }) => definition.onParsed);
  const wayOut = middleware.filter(({ definition }) => definition.handle ?? definition.onResponse).reverse();
  return [
    ...wayIn.map((placed) => handlerOf(placed, 'middleware.pre_request')),
    ...parsing.map((placed) => {
      const passesOver = passedOver.get(placed);
      return { ...handlerOf(placed, 'middleware.parsed'), ...(passesOver && { passesOver }) };
    }),
    ...wayOut.map((placed) => handlerOf(placed, 'middleware.post_response')),
  ];
}

function handlerOf(placed: PlacedMiddleware, point: string): ExtensionPointHandler {
  const { instance, name, priority, definition, condition } = placed;
  return {
    point,
    plugin: instance.data.name,
    name,
    phase: instance.data.phase,
    priority,
    form: definition.handle === undefined ? 'hooks' : 'around',
    ...(condition && { when: condition.written }),
  };
}
