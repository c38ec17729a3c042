import type { HealthReport } from '@backplane/plugin-api';
import type { ChangeReport, PlanStep } from './change-report.ts';
import type { ExtensionPointSource } from './extension-points.ts';
import type { PluginStatus } from './plugin-status.ts';
import type { PluginRoutes } from './route-description.ts';

/** What management may ask of the host, and make it do. Names may be aliases. */
export interface HostControl extends ExtensionPointSource {
  /** Whether traffic may come, and if not, why. */
  readiness(): { readonly ready: boolean; readonly reason: string };
  /** The number of the current generation. */
  generation(): number;
  status(): readonly PluginStatus[];
  /** What every plugin that runs serves. Takes its time the first time: apps that were not needed yet are built. */
  routes(): Promise<readonly PluginRoutes[]>;
  /** @throws BP_PLUGIN_UNKNOWN */
  pluginStatus(name: string): PluginStatus;
  /** @throws BP_PLUGIN_UNKNOWN */
  health(name: string): Promise<HealthReport>;
  /** Loads the plugin's code and configuration anew and replaces it, or adds it when it came since the start. @throws BP_PLUGIN_UNKNOWN */
  reload(name: string): Promise<ChangeReport>;
  /** Makes what runs equal to the plugin folders and files of configuration as they are now. */
  rescan(): Promise<ChangeReport>;
  /** What `rescan` would do; nothing is done. */
  planRescan(): Promise<readonly PlanStep[]>;
}
