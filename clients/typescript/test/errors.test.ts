import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { Postern, PosternError } from '../dist/index.js';

const password = 'Secret-1958-rain';
const servers: Server[] = [];

/** Something that is not Postern, on a free port. */
async function something(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function failureOf(operation: Promise<unknown>): Promise<PosternError> {
  const error = await operation.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(PosternError);
  expect(error).toBeInstanceOf(Error);
  expect(inspect(error)).not.toContain(password);
  const { code, detail, message } = error as PosternError;
  expect(message).toBe(`${code}: ${detail}`);
  return error as PosternError;
}

/** The three ways to a failure: a request as it is, the login before it, and a write. */
async function eachFails(baseUrl: string, check: (error: PosternError) => void): Promise<void> {
  const without = new Postern({ baseUrl });
  check(await failureOf(without.getDomain({ path: { domain: 'example.com' } })));
  check(await failureOf(without.createDomain({ path: { domain: 'example.com' }, body: {} })));
  check(await failureOf(new Postern({ baseUrl, username: 'admin@example.com', password }).whoami()));
}

const page = '<!DOCTYPE html><title>Welcome</title>';

describe('what answers is not Postern', () => {
  test.each<[string, number, Record<string, string>, string]>([
    ['a page', 200, { 'Content-Type': 'text/html' }, page],
    ['a page that calls itself JSON', 200, { 'Content-Type': 'application/json' }, page],
    ['the page of a proxy', 502, { 'Content-Type': 'text/html' }, page],
    ['a page not found', 404, { 'Content-Type': 'text/html' }, page],
    ['a page that asks to log in', 401, { 'Content-Type': 'text/html' }, page],
    ['nothing, with a length', 200, { 'Content-Length': '0' }, ''],
    ['nothing, without a length', 200, {}, ''],
    ['no content', 204, {}, ''],
    ['a failure without a body', 503, {}, ''],
    ['the null of JSON', 200, { 'Content-Type': 'application/json' }, 'null'],
    ['a list', 200, { 'Content-Type': 'application/json' }, '[]'],
    ['another JSON', 200, { 'Content-Type': 'application/json' }, '{"status": "ok"}'],
    ['another JSON about a failure', 500, { 'Content-Type': 'application/json' }, '{"error": "oops"}'],
    ['half of a reply', 200, { 'Content-Type': 'application/json' }, '{"_success": true, "_da'],
    ['a success that is text', 200, { 'Content-Type': 'application/json' }, '{"_success": "true"}'],
  ])('%s', async (_, status, headers, body) => {
    const url = await something((_, res) => res.writeHead(status, { 'X-Request-Id': 'r1', ...headers }).end(body || undefined));
    await eachFails(url, (error) => {
      expect(error).toMatchObject({ code: 'UNEXPECTED_REPLY', status, requestId: 'r1', field: undefined });
      expect(error.detail).toContain('baseUrl');
      expect(error.detail).not.toContain('Welcome');
    });
  });

  test.each([301, 302, 307, 308])('a redirect with status %i', async (status) => {
    const elsewhere: string[] = [];
    const other = await something((req, res) => {
      elsewhere.push(req.url!);
      res.end('{"_success": true}');
    });
    const url = await something((req, res) => res.writeHead(status, { Location: other + req.url }).end());
    await eachFails(url, (error) => {
      expect(error).toMatchObject({ code: 'UNEXPECTED_REPLY', status });
      expect(error.detail).toContain(`redirects to ${other}`);
    });
    expect(elsewhere).toEqual([]);
  });
});

describe('no answer', () => {
  const unreachable = (error: PosternError) => {
    expect(error).toMatchObject({ code: 'SERVER_UNREACHABLE', status: undefined, requestId: undefined });
    expect(error.detail).toMatch(/Check that baseUrl is right/);
    expect(error.cause).toBeInstanceOf(Error);
  };

  test('nobody listens', async () => {
    const url = await something(() => {});
    await new Promise((resolve) => servers.pop()!.close(resolve));
    await eachFails(url, unreachable);
  });

  test('hung up on', async () => {
    await eachFails(await something((req) => req.socket.destroy()), unreachable);
  });

  test('hung up on in the middle of a reply', async () => {
    const url = await something((req, res) => {
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
      res.write('{"_success": true', () => req.socket.destroy());
    });
    await eachFails(url, unreachable);
  });

  test('too late for a signal', async () => {
    const postern = new Postern({ baseUrl: await something(() => {}) });
    await expect(postern.whoami({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a failure of the server', () => {
  const failure = { _success: false, _msg: 'ALREADY_EXISTS', _detail: 'It exists.', _field: 'domain', _request_id: 'r2' };

  test.each([200, 409])('with status %i', async (status) => {
    const url = await something((_, res) => res.writeHead(status, { 'X-Request-Id': 'r1' }).end(JSON.stringify(failure)));
    await eachFails(url, (error) => {
      expect({ ...error, name: error.name }).toEqual({
        name: 'PosternError', code: 'ALREADY_EXISTS', detail: 'It exists.', field: 'domain', status, requestId: 'r2', causes: [], faults: [],
      });
    });
  });

  test('with several mistakes, and with causes', async () => {
    const faults = [
      { _msg: 'INVALID_NUMBER', _detail: 'No number.', _field: 'quota' },
      { _msg: 'MALFORMED_BODY', _detail: 'No object.', _field: null },
    ];
    const body = { ...failure, _field: null, _errors: faults, _causes: ['PW_EMPTY'] };
    await eachFails(await something((_, res) => res.writeHead(400).end(JSON.stringify(body))), (error) => {
      expect(error).toMatchObject({
        field: undefined,
        causes: ['PW_EMPTY'],
        faults: [
          { code: 'INVALID_NUMBER', detail: 'No number.', field: 'quota' },
          { code: 'MALFORMED_BODY', detail: 'No object.', field: undefined },
        ],
      });
    });
  });

  test('with a code alone', async () => {
    const url = await something((_, res) => res.writeHead(500).end('{"_success": false, "_msg": "INTERNAL_ERROR"}'));
    await eachFails(url, (error) => {
      expect(error).toMatchObject({ code: 'INTERNAL_ERROR', status: 500, field: undefined });
      expect(error.detail).toContain('INTERNAL_ERROR');
    });
  });

  test('a server that never lets in is asked twice, not for ever', async () => {
    const asked: string[] = [];
    const url = await something((req, res) => {
      asked.push(req.url!);
      if (req.url === '/api/login') res.writeHead(200).end('{"_success": true}');
      else res.writeHead(401).end('{"_success": false, "_msg": "LOGIN_REQUIRED", "_detail": "Log in first."}');
    });
    const error = await failureOf(new Postern({ baseUrl: url, username: 'admin@example.com', password }).whoami());
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', status: 401 });
    expect(asked).toEqual(['/api/login', '/api/whoami', '/api/login', '/api/whoami']);
  });
});

describe('cookies', () => {
  test('are kept as long as they last, and sent to the server that set them', async () => {
    const sent: (string | undefined)[] = [];
    const lines = [
      ['postern_session=one; Path=/; HttpOnly; SameSite=Strict', 'node=a; Max-Age=60'],
      ['postern_session=two=2; Path=/', 'node=; Max-Age=0'],
      ['postern_session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
      [],
    ];
    const url = await something((req, res) => {
      sent.push(req.headers.cookie);
      res.setHeader('Set-Cookie', lines[sent.length - 1]!);
      res.end('{"_success": true}');
    });
    const postern = new Postern({ baseUrl: url });
    for (const _ of lines) await postern.whoami();
    expect(sent).toEqual([undefined, 'postern_session=one; node=a', 'postern_session=two=2', undefined]);
  });
});

describe('what is asked for', () => {
  test.each([
    [{}, 'baseUrl'],
    [{ baseUrl: '' }, 'baseUrl'],
    [{ baseUrl: 'mail.example.com' }, 'baseUrl'],
    [{ baseUrl: 'ftp://mail.example.com' }, 'baseUrl'],
    [{ baseUrl: `http://admin:${password}@mail.example.com` }, 'baseUrl'],
    [{ baseUrl: `http://admin:${password}@` }, 'baseUrl'],
    [{ baseUrl: 'http://mail.example.com/?a=b' }, 'baseUrl'],
    [{ baseUrl: 'http://mail.example.com', username: 'admin@example.com' }, 'password'],
    [{ baseUrl: 'http://mail.example.com', username: 'admin@example.com', password: '' }, 'password'],
    [{ baseUrl: 'http://mail.example.com', password }, 'username'],
  ])('%j is refused', async (options, field) => {
    const error = await failureOf(Promise.resolve().then(() => new Postern(options)));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field, status: undefined });
  });

  test.each(['', '.', '..'])('the name %j, which would make another path', async (domain) => {
    const asked: string[] = [];
    const url = await something((req, res) => (asked.push(req.url!), res.end('{"_success": true}')));
    const postern = new Postern({ baseUrl: url });
    expect(await failureOf(postern.deleteDomain({ path: { domain } }))).toMatchObject({ code: 'INVALID_REQUEST', field: 'domain' });
    expect(asked).toEqual([]);
    await postern.deleteDomain({ path: { domain: 'a/../b?c#d%2e' } });
    expect(asked).toEqual(['/api/domain/a%2F..%2Fb%3Fc%23d%252e']);
  });

  test('what cannot be written', async () => {
    const postern = new Postern({ baseUrl: 'http://127.0.0.1:1' });
    const circle: Record<string, unknown> = {};
    circle.name = circle;
    const error = await failureOf(postern.createDomain({ path: { domain: 'example.com' }, body: circle }));
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', status: undefined });
  });

  test('a client does not show its password', () => {
    const postern = new Postern({ baseUrl: 'http://127.0.0.1:1', username: 'admin@example.com', password });
    expect(inspect(postern, { depth: 9, showHidden: true })).not.toContain(password);
    expect(JSON.stringify(postern)).not.toContain(password);
  });
});
