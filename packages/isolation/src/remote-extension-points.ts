import type { ExtensionPoint, ExtensionPoints, HandlerOptions, Hook, Scope } from '@backplane/plugin-api';
import type { FacetLink } from './facet-link.ts';

type AnyHandler = (...args: never[]) => unknown;

/** The host's extension points, seen from a child: handlers are called there through the host, and a dispatch goes there. */
export function remoteExtensionPoints(link: FacetLink, scope: Pick<Scope, 'add'>): ExtensionPoints {
  return {
    registerExtensionPoint(point: ExtensionPoint): Hook {
      link.declare('extensionPoints', 'own', [asData(point)]);
      return { dispatch: (...args) => link.ask('extensionPoints', 'dispatch', [point.name, args]) };
    },
    registerHandler(point: ExtensionPoint | string, handler: AnyHandler, options: HandlerOptions = {}) {
      const name = typeof point === 'string' ? point : point.name;
      const asked = typeof point === 'string' ? point : asData(point);
      return link.register(scope, `handler of ${name}`, 'extensionPoints', 'handle', handler, [asked, options]);
    },
    notice: (point: string) => link.tell('extensionPoints', 'notice', [point]),
  } as ExtensionPoints;
}

/** Without what carries types alone. */
const asData = ({ T: _, ...point }: ExtensionPoint): ExtensionPoint => point;
