import { describe, expect, inject, test } from 'vitest';
import { Postern, PosternError } from '../dist/index.js';
import { expected, story } from './story.js';

const server = inject('server');

describe.skipIf(!server.url)('on the built server', () => {
  const { url, username, password } = server;

  /** A client that shows the session it was given, and how often it logged in. */
  function watched(credentials: object = { username, password }) {
    const seen = { session: '', logins: 0 };
    const postern = new Postern({
      baseUrl: url,
      ...credentials,
      fetch: async (request) => {
        if (request.url.endsWith('/api/login')) seen.logins++;
        const response = await fetch(request);
        const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
        if (cookie) seen.session = cookie;
        return response;
      },
    });
    return { postern, seen };
  }

  /** Ends a session behind the back of the client that uses it. */
  async function end(session: string) {
    const response = await fetch(`${url}/api/logout`, { method: 'POST', headers: { Cookie: session } });
    expect(response.status).toBe(200);
  }

  const code = (operation: Promise<unknown>) =>
    operation.then(
      () => 'success',
      (error: unknown) => (error as PosternError).code,
    );

  test('the story', async () => {
    expect(await story({ baseUrl: url, username, password }, 'client-node.test')).toEqual(expected);
  });

  test('a slash behind baseUrl', async () => {
    const { postern } = watched({ baseUrl: `${url}/`, username, password });
    expect((await postern.whoami())._data.username).toBe(username);
  });

  test('requests at the same time share one login', async () => {
    const { postern, seen } = watched();
    await Promise.all([postern.whoami(), postern.listDomains(), postern.listAdmins()]);
    await postern.whoami();
    expect(seen.logins).toBe(1);
  });

  test('a session that ended is opened again, once for all', async () => {
    const { postern, seen } = watched();
    await postern.whoami();
    await end(seen.session);
    const domain = 'client-again.test'; // a request with a body is sent again too
    await Promise.all([postern.createDomain({ path: { domain }, body: { name: 'Again' } }), postern.whoami(), postern.listAdmins()]);
    expect(seen.logins).toBe(2);
    await postern.deleteDomain({ path: { domain } });
  });

  test('a session that ended, and a password that is no longer right', async () => {
    const root = new Postern({ baseUrl: url, username, password });
    const admin = { path: { mail: 'eva@client-elsewhere.test' } };
    await root.createAdmin({ ...admin, body: { name: 'Eva Dahl', password: 'Winter-1958-rain' } });
    const { postern } = watched({ username: admin.path.mail, password: 'Winter-1958-rain' });
    expect((await postern.whoami())._data.username).toBe(admin.path.mail);
    await root.updateAdmin({ ...admin, body: { password: 'Summer-1959-sun' } });
    expect(await code(postern.whoami())).toBe('INVALID_CREDENTIALS');
    await root.deleteAdmin(admin);
  });

  test('a session that ended, without a password to open another', async () => {
    const { postern, seen } = watched({});
    expect(await code(postern.whoami())).toBe('LOGIN_REQUIRED');
    await postern.login({ body: { username, password } });
    expect((await postern.whoami())._data.username).toBe(username);
    await end(seen.session);
    const error = await postern.whoami().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PosternError);
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', status: 401, detail: expect.stringMatching(/log in/i) });
  });

  test('logging out ends the session; the next request opens another', async () => {
    const { postern, seen } = watched();
    await postern.whoami();
    const before = seen.session;
    await postern.logout();
    expect((await fetch(`${url}/api/whoami`, { headers: { Cookie: before } })).status).toBe(401);
    await postern.whoami();
    expect(seen.logins).toBe(2);
  });

  test('a wrong password, also for requests at the same time, and the next request tries anew', async () => {
    const { postern, seen } = watched({ username, password: 'Wrong-1958-rain' });
    const codes = await Promise.all([code(postern.whoami()), code(postern.listDomains())]);
    expect(codes).toEqual(['INVALID_CREDENTIALS', 'INVALID_CREDENTIALS']);
    expect(seen.logins).toBe(1);
    const error = await postern.whoami().catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'PosternError', status: 401, requestId: expect.stringMatching(/./) });
    expect(seen.logins).toBe(2);
  });

  test('a failure with status 200, as on the legacy surface', async () => {
    const { postern } = watched({ baseUrl: `${url}/iredadmin`, username, password });
    const error = await postern.getDomain({ path: { domain: 'nowhere.test' } }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PosternError);
    expect(error).toMatchObject({ code: 'NO_SUCH_DOMAIN', status: 200 });
  });

  test('a signal ends a request early, also while it waits for the login', async () => {
    const { postern } = watched();
    const reason = new Error('changed my mind');
    await expect(postern.whoami({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await postern.whoami();
    await expect(postern.whoami({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
