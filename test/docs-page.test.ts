import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { definePlugin, type HttpService } from '@backplane/plugin-api';
import type { HostOptions } from '@backplane/runtime';
import { createTestHost, type TestHost } from '@backplane/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MARKUP = '<img src="/stolen" onerror="document.title=1"><script>document.title=2</script>';

const shop = (initialize: (http: HttpService) => void = () => {}) =>
  definePlugin({
    name: 'shop',
    version: '1.2.3',
    description: `Sells. ${MARKUP}`,
    initialize({ http }) {
      http.operation({
        method: 'POST',
        path: '/orders/:id',
        operationId: 'placeOrder',
        summary: `Place an order ${MARKUP}`,
        description: `For people. ${MARKUP}`,
        query: { [MARKUP]: { type: 'string', description: MARKUP } },
        body: { count: { type: 'integer', minimum: 1, required: true, description: 'How many.' } },
        responses: {
          201: { description: `Placed. ${MARKUP}`, schema: { total: { type: 'integer', required: true } } },
        },
        handler: ({ body }) => ({ total: body.count * 2 }),
      });
      http.routes((app) => {
        const node = { $id: 'node', type: 'object', properties: { next: { $ref: '#' } } };
        app.addSchema(node);
        app.get('/tree', { schema: { response: { 200: { $ref: 'node#' } } } }, async () => ({}));
      });
      initialize(http);
    },
  });

/** A page of the browser that keeps everything that went wrong on it, and everything it asked for. */
async function openPage(browser: Browser, test: TestHost, path = '/api/v1/docs') {
  const page = await browser.newPage();
  const troubles: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(test.url + path);
  return { page, troubles, asked };
}

const operations = (page: Page) => page.locator('details.operation:visible > summary .path').allTextContents();

describe('the reference page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  const start = (more: HostOptions = {}) => createTestHost({ plugins: [shop()], ...more });

  it('lists every operation, asks nobody but its host, and has no errors', async () => {
    await using test = await start();
    const { page, troubles, asked } = await openPage(browser, test, '/api/v1/docs/');
    await page.waitForSelector('details.operation');
    const found = await (await fetch(`${test.url}/api/v1/openapi.json`)).json();
    expect((await operations(page)).sort()).toEqual(
      Object.entries((found as { paths: object }).paths)
        .flatMap(([path, item]) => Object.keys(item).map(() => path))
        .sort(),
    );
    expect(await operations(page)).toEqual(expect.arrayContaining(['/shop/orders/{id}', '/shop/tree', '/health']));
    for (const summary of await page.locator('details.operation > summary').all()) await summary.click();
    await page.locator('[id="shop.getTree"] .response summary').first().click();
    for (let depth = 0; depth < 5; depth++) {
      await page.locator('[id="shop.getTree"] details.schema:not([open]) > summary').first().click();
    }
    await expect.poll(() => page.locator('[id="shop.getTree"] .name').count()).toBe(6);
    expect(troubles).toEqual([]);
    expect(asked.filter((url) => !url.startsWith(`${test.url}/`))).toEqual([]);
    expect(asked.length).toBeGreaterThan(5);
    await page.close();
  });

  it('shows what a plugin says as text, whatever it says', async () => {
    await using test = await start();
    const { page, troubles, asked } = await openPage(browser, test, '/api/v1/docs#shop.placeOrder');
    const operation = page.locator('[id="shop.placeOrder"]');
    await operation.locator('.about').waitFor();
    expect(await operation.textContent()).toContain(MARKUP);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(asked.filter((url) => url.includes('stolen'))).toEqual([]);
    expect(await page.title()).toBe('Backplane API');
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('is served with a policy that allows nothing inline and nothing from outside', async () => {
    await using test = await start();
    for (const path of ['', '/page.js', '/page.css', '/icon.svg']) {
      const response = await fetch(`${test.url}/api/v1/docs${path}`);
      expect(response.status).toBe(200);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
      const etag = response.headers.get('etag') ?? '';
      const again = await fetch(response.url, { headers: { 'if-none-match': etag } });
      expect(again.status).toBe(304);
    }
    expect((await fetch(`${test.url}/api/v1/docs/package.json`)).status).toBe(404);
    expect((await fetch(`${test.url}/api/v1/docs/..%2Fpackage.json`)).status).toBe(404);
  });

  it('finds operations by what is typed', async () => {
    await using test = await start();
    const { page } = await openPage(browser, test);
    await page.waitForSelector('details.operation');
    await page.keyboard.press('/');
    await page.keyboard.type('shop place');
    expect(await operations(page)).toEqual(['/shop/orders/{id}']);
    expect(await page.locator('nav li a:visible').allTextContents()).toEqual(['shop', 'POST/orders/{id}']);
    expect(await page.locator('#status').textContent()).toMatch(/^1 of \d+ operations$/);
    await page.keyboard.press('Escape');
    expect((await operations(page)).length).toBeGreaterThan(5);
    await page.close();
  });

  it('sends an operation, and shows what comes back', async () => {
    await using test = await start();
    const { page, troubles } = await openPage(browser, test, '/api/v1/docs#shop.placeOrder');
    const operation = page.locator('[id="shop.placeOrder"]');
    await operation.locator('.opens').click();
    await operation.locator('input').first().fill('a/b');
    expect(JSON.parse(await operation.locator('textarea').inputValue())).toEqual({ count: 1 });
    await operation.locator('textarea').fill('{ "count": 21 }');
    await operation.getByRole('button', { name: 'Send' }).click();
    await operation.locator('.answer .body').waitFor();
    expect(await operation.locator('.answer').textContent()).toContain('201 Created /shop/orders/a%2Fb');
    expect(JSON.parse((await operation.locator('.answer .body').textContent()) ?? '')).toEqual({ total: 42 });
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('asks for the token where the document is closed, and gives it to no plugin', async () => {
    await using test = await start({ openapi: 'closed' });
    const { page, asked } = await openPage(browser, test);
    const token = test.management.authorization?.replace('Bearer ', '') ?? '';
    await page.locator('#token').fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await expect.poll(() => page.locator('#problem').textContent()).toContain('not the token');
    expect(await operations(page)).toEqual([]);
    await page.locator('#token').fill(token);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.waitForSelector('details.operation');
    expect(await page.locator('#login').isVisible()).toBe(false);

    const bearing: string[] = [];
    page.on('request', (request) => {
      if (request.headers().authorization !== undefined) bearing.push(new URL(request.url()).pathname);
    });
    for (const id of ['Backplane.getPluginsStatus', 'shop.getTree']) {
      const operation = page.locator(`[id="${id}"]`);
      await operation.locator('summary').first().click();
      await operation.locator('.opens').click();
      await operation.getByRole('button', { name: 'Send' }).click();
      await expect.poll(() => operation.locator('.answer').textContent()).toContain('200');
    }
    expect(bearing).toEqual(['/plugins/status']);
    const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
    expect(stored).toBe('[{},{},""]');
    expect(asked.some((url) => url.includes(token))).toBe(false);
    await page.close();
  });

  it("works below a prefix of somebody else's server", async () => {
    await using test = await start();
    const server = createServer((request, response) => {
      test.host.handle(request, response, { prefix: '/platform', next: () => response.writeHead(404).end() });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/platform`;
    const found = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as { servers: unknown };
    expect(found.servers).toEqual([{ url: '/platform' }]);
    const { page, troubles } = await openPage(browser, { ...test, url }, '/api/v1/docs/#shop.getTree');
    const operation = page.locator('[id="shop.getTree"]');
    await operation.locator('.opens').click();
    await operation.getByRole('button', { name: 'Send' }).click();
    await expect.poll(() => operation.locator('.answer').textContent()).toContain('200 OK /platform/shop/tree');
    expect(troubles).toEqual([]);
    await page.close();
    server.closeAllConnections();
    server.close();
  });

  it('shows what runs now to whoever comes back', async () => {
    await using test = await start();
    const { page } = await openPage(browser, test);
    await page.waitForSelector('details.operation');
    const before = await page.locator('#about').textContent();
    await test.host.reload('shop');
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    await expect.poll(() => page.locator('#about').textContent()).not.toBe(before);
    await page.close();
  });
});
