import { adminRoutes } from './admin-routes.ts';
import type { ApiParts } from './api-parts.ts';
import type { ApiRoute } from './api-route.ts';
import { auditRoutes } from './audit-routes.ts';
import { bulkRoute } from './bulk-route.ts';
import { catalogueRoutes } from './catalogue-routes.ts';
import { configRoutes } from './config-routes.ts';
import { hookRoutes } from './hook-routes.ts';
import { lifecycleRoutes } from './lifecycle-routes.ts';
import { logRoutes } from './log-routes.ts';
import { pluginRoutes } from './plugin-routes.ts';
import { stateRoutes } from './state-routes.ts';

/** Every operation of the management API. */
export function apiRoutes(parts: ApiParts): ApiRoute[] {
  return [
    ...pluginRoutes(parts),
    bulkRoute(parts),
    ...lifecycleRoutes(parts),
    ...configRoutes(parts),
    ...hookRoutes(parts),
    ...catalogueRoutes(parts),
    ...stateRoutes(parts),
    ...adminRoutes(parts),
    ...auditRoutes(parts),
    ...logRoutes(parts),
  ];
}
