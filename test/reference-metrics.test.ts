import { createTestHost } from '@backplane/testing';
import { expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

/** Methods under the names and labels that the references print, in the function form of `trackMetrics`. */
const trust = `
import { definePlugin, trackMetrics } from '@backplane/plugin-api';

export default definePlugin({
  name: 'trust',
  version: '1.0.0',
  metricsPrefix: 'marty_pki',
  initialize({ http, metrics }) {
    const track = (options) => trackMetrics({ ...options, metrics });
    const sign = track({ metricName: 'document_sign_requests', timing: true, counter: true, labels: { algorithm: ({ args }) => args[0], status: ({ status }) => status } })(async (algorithm) => algorithm);
    const validate = track({ metricName: 'trust_validation_requests', labels: { result: ({ result }) => result } })(async () => 'valid');
    const anchor = track({ metricName: 'trust_anchor_operations', labels: { operation: 'add' } })(async () => 1);
    const lookup = track({ metricName: 'pkd_lookup_requests', labels: { cache_hit: ({ result }) => result } })(async (hit) => hit);
    const certificate = track({ metricName: 'certificate_operations', labels: { operation_type: 'validation' }, timing: true, counter: true })(async () => true);
    const administer = track({ metricName: 'admin_operations' })(async () => true);
    http.routes((app) => {
      app.get('/', async () => {
        await sign('RSA-SHA256');
        await validate();
        await anchor();
        await lookup(true);
        await lookup(false);
        await certificate();
        await administer();
        return {};
      });
    });
  },
});
`;

it('shows the metrics of the trust domain under the names and labels that are printed', async () => {
  await using test = await createTestHost({ prepare: (folder) => writePlugins(folder, { 'plugins/trust.ts': trust }) });
  expect((await fetch(`${test.url}/trust`)).status).toBe(200);
  const text = await (await fetch(`${test.url}/metrics`)).text();
  for (const line of [
    'marty_pki_document_sign_requests_total{algorithm="RSA-SHA256",status="success"} 1',
    'marty_pki_document_sign_requests_duration_seconds_count{algorithm="RSA-SHA256"} 1',
    'marty_pki_trust_validation_requests_total{result="valid"} 1',
    'marty_pki_trust_anchor_operations_total{operation="add"} 1',
    'marty_pki_pkd_lookup_requests_total{cache_hit="true"} 1',
    'marty_pki_pkd_lookup_requests_total{cache_hit="false"} 1',
    'marty_pki_certificate_operations_total{operation_type="validation"} 1',
    'marty_pki_certificate_operations_duration_seconds_count{operation_type="validation"} 1',
    'marty_pki_admin_operations_total 1',
  ])
    expect(text).toContain(`${line}\n`);
});
