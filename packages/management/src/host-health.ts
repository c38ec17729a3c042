import type { HealthReport, HealthStatus } from '@backplane/plugin-api';
import type { HostControl, PluginStatus } from '@backplane/ports';
import type { HealthBody } from '@backplane/wire';

/** Answers this young are given again: a public page must not make every plugin work for every visitor. Milliseconds. */
const FRESH_MS = 1000;

/** Asks every plugin for its health and sums it up. One sick plugin makes the host `degraded`, never broken. */
export class HostHealth {
  readonly #control: HostControl;
  readonly #now: () => number;
  #last: { readonly at: number; readonly body: Promise<HealthBody> } | undefined;

  constructor(control: HostControl, now: () => number) {
    this.#control = control;
    this.#now = now;
  }

  report(): Promise<HealthBody> {
    const now = this.#now();
    if (!this.#last || now - this.#last.at >= FRESH_MS) this.#last = { at: now, body: this.#ask() };
    return this.#last.body;
  }

  async #ask(): Promise<HealthBody> {
    const statuses = this.#control.status().filter((status) => !['stopped', 'disabled'].includes(status.state.phase));
    const reports = await Promise.all(statuses.map((status) => this.#control.health(status.name)));
    const plugins: HealthBody['plugins'] = {};
    let overall: HealthStatus = 'healthy';
    for (const [index, status] of statuses.entries()) {
      const report = reports[index] as HealthReport;
      if (report.status !== 'healthy') overall = 'degraded';
      plugins[status.name] = {
        status: report.status,
        state: status.state.phase,
        ...(report.message !== undefined && { message: report.message }),
      };
    }
    return { status: overall, ...this.#onlyDomain(statuses, reports), plugins };
  }

  /** The members that are printed for a host with one domain plugin. */
  #onlyDomain(statuses: readonly PluginStatus[], reports: readonly HealthReport[]): Partial<HealthBody> {
    const domains = statuses.filter((status) => status.phase === 'business' && status.services.length > 0);
    const [only] = domains;
    if (only === undefined || domains.length > 1) return {};
    const report = reports[statuses.indexOf(only)] as HealthReport;
    return { plugin: only.displayName, services: { ...report.services } };
  }
}
