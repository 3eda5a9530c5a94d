import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { expected } from './story.js';

const server = inject('server');

// The page is one of the server's own, with its content security policy, so that everything is on one origin. The client
// is put beside it; every other request goes to the server.
describe.skipIf(!server.url)('in a page of the built server', () => {
  const { url, username, password } = server;
  let browser: Browser;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    const context = await browser.newContext();
    page = await context.newPage();
    faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    const bundle = await build({ entryPoints: ['test/page.ts'], bundle: true, format: 'esm', write: false });
    const script = { contentType: 'text/javascript', body: bundle.outputFiles[0]!.text };
    await page.route(`${url}/client.js`, (route) => route.fulfill(script));
    const response = await page.goto(`${url}/docs/`);
    expect(response!.headers()['content-security-policy']).toContain("connect-src 'self'");
    await page.addScriptTag({ type: 'module', url: '/client.js' });
  });
  afterEach(async () => {
    await page?.context().close();
    expect(faults).toEqual([]); // among them unhandled rejections
  });

  test('the story', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    const seen = await page.evaluate(([username, password]) => {
      return client.story({ username, password }, 'client-page.test');
    }, [username, password] as const);
    expect(seen).toEqual(expected);
    expect(asked).toContain('POST /api/domain/client-page.test');
  });

  test('the browser keeps the session, and a client without a password uses it', async () => {
    const seen = await page.evaluate(async ([username, password]) => {
      const { Postern } = client;
      const first = new Postern({ username, password });
      await first.whoami();
      const second = new Postern();
      return { username: (await second.whoami())._data.username, cookie: document.cookie };
    }, [username, password] as const);
    expect(seen).toEqual({ username, cookie: '' });
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ name: 'postern_session', httpOnly: true, sameSite: 'Strict' }]);
  });

  test('a session that ended is opened again', async () => {
    const who = await page.evaluate(async ([username, password]) => {
      const { Postern } = client;
      const postern = new Postern({ username, password });
      await postern.whoami();
      await new Postern().logout();
      return (await postern.whoami())._data.username;
    }, [username, password] as const);
    expect(who).toBe(username);
  });

  test('failures', async () => {
    await page.route(`${url}/elsewhere/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>Welcome</title>' }));
    await page.route(`${url}/moved/**`, (route) => route.fulfill({ status: 302, headers: { Location: '/docs/' } }));
    const codes = await page.evaluate(async ([username, url]) => {
      const { Postern, PosternError } = client;
      const code = (operation: Promise<unknown>) =>
        operation.then(
          () => 'success',
          (error: unknown) => (error instanceof PosternError && error instanceof Error ? error.code : String(error)),
        );
      return {
        nobody: await code(new Postern().whoami()),
        wrong: await code(new Postern({ username, password: 'Wrong-1958-rain' }).whoami()),
        html: await code(new Postern({ baseUrl: `${url}/elsewhere` }).whoami()),
        redirect: await code(new Postern({ baseUrl: `${url}/moved` }).whoami()),
        // Another origin, which the policy of the page forbids: no answer, as when nobody is there.
        unreachable: await code(new Postern({ baseUrl: 'http://127.0.0.1:1' }).whoami()),
      };
    }, [username, url] as const);
    expect(codes).toEqual({
      nobody: 'LOGIN_REQUIRED',
      wrong: 'INVALID_CREDENTIALS',
      html: 'UNEXPECTED_REPLY',
      redirect: 'UNEXPECTED_REPLY',
      unreachable: 'SERVER_UNREACHABLE',
    });
  });
});
