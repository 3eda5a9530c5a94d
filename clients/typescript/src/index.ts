// The one file of this package that is written by hand. Everything else in src is generated from the specification.

import { createClient, createConfig, type Client } from './gen/client/index.js';
import * as operations from './gen/sdk.gen.js';
import type { Failure } from './gen/types.gen.js';

export type * from './gen/types.gen.js';

/** Where Postern is, and who asks. */
export interface PosternOptions {
  /**
   * The address of Postern without `/api`, such as `https://mail.example.com`. In a page it may be left out: the
   * server that the page came from is asked then.
   */
  baseUrl?: string;
  /**
   * The admin to log in as, before the first request and again when the session has ended. Without a username and a
   * password the session is whichever `login` opened, or in a page the one that the browser holds.
   */
  username?: string;
  /** The password of that admin. */
  password?: string;
  /** What sends the requests, instead of the `fetch` of the platform. */
  fetch?: (request: Request) => Promise<Response>;
}

/** What a {@link PosternError} is made of. */
export interface PosternErrorFields {
  code: string;
  detail: string;
  field?: string | undefined;
  status?: number | undefined;
  requestId?: string | undefined;
  causes?: readonly string[] | undefined;
  faults?: readonly PosternFault[] | undefined;
  cause?: unknown;
}

/** One of several mistakes of a request. */
export interface PosternFault {
  code: string;
  detail: string;
  field?: string | undefined;
}

/** Why a request failed. Every operation that does not succeed rejects with one. */
export class PosternError extends Error {
  override readonly name = 'PosternError';
  /**
   * What happened, for programs: a stable code of the server's such as `NO_SUCH_ACCOUNT`, or one of the client's own.
   * `SERVER_UNREACHABLE`: no answer came, or only a part of one. `UNEXPECTED_REPLY`: what answered is not Postern, but
   * a proxy, say. `INVALID_OPTION` and `INVALID_REQUEST`: nothing was sent, because of what was asked for.
   */
  readonly code: string;
  /** What happened and what to do about it: a sentence or two for a person. */
  readonly detail: string;
  /** The parameter at fault, where there is one. */
  readonly field: string | undefined;
  /** The HTTP status of the answer, if one came. */
  readonly status: number | undefined;
  /** Finds the request in the server's log. */
  readonly requestId: string | undefined;
  /** With `WEAK_PASSWORD`, the codes of the rules that the password breaks; else empty. */
  readonly causes: readonly string[];
  /** All mistakes of the request where it has several, of which the first is this one; else empty. */
  readonly faults: readonly PosternFault[];

  constructor(fields: PosternErrorFields) {
    super(`${fields.code}: ${fields.detail}`, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.detail = fields.detail;
    this.field = fields.field;
    this.status = fields.status;
    this.requestId = fields.requestId;
    this.causes = fields.causes ?? [];
    this.faults = fields.faults ?? [];
  }
}

type Operations = typeof operations;

/** What an operation takes, of all that is known about it, and what any request takes. */
type Input<Data> = Omit<Data, 'url' | 'headers'> & {
  headers?: HeadersOf<Data> & Record<string, string>;
  signal?: AbortSignal;
};

type HeadersOf<Data> = Data extends { headers?: infer H } ? NonNullable<H> : unknown;

/** An operation as a method: it returns the answer, or rejects. */
type Method<F> = F extends (options?: operations.Options<infer Data>) => Promise<infer R>
  ? (options?: Input<Data>) => Promise<NonNullable<R>>
  : F extends (options: operations.Options<infer Data>) => Promise<infer R>
    ? (options: Input<Data>) => Promise<NonNullable<R>>
    : never;

type Methods = { [K in keyof Operations]: Method<Operations[K]> };

export interface Postern extends Methods {}

/**
 * A client of one server: a method for every operation of the specification, under its operationId. Each takes `path`,
 * `query` and `body` as the operation has them, and a `signal` that ends it early; it returns the whole answer, with what
 * was asked for in `_data`, and rejects with a {@link PosternError} where there is none.
 */
export class Postern {
  readonly #baseUrl: URL;
  readonly #credentials: { username: string; password: string } | undefined;
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #client: Client;
  /** Sent with each request in Node. In a page the browser holds the cookies and shows them to nobody. */
  readonly #cookies = new Map<string, string>();
  /** The login whose session the requests use; requests at the same time wait for the same one. */
  #session: Promise<unknown> | undefined;

  constructor(options: PosternOptions = {}) {
    this.#baseUrl = baseUrlOf(options.baseUrl);
    this.#credentials = credentialsOf(options);
    this.#fetch = options.fetch ?? ((request) => fetch(request));
    this.#client = createClient(
      createConfig({
        baseUrl: this.#baseUrl.href,
        fetch: (request) => this.#send(request as Request),
        throwOnError: true,
        parseAs: 'json',
        responseTransformer: async (reply: unknown) => succeeded(reply),
        credentials: 'include',
        redirect: 'manual', // a redirected POST would arrive as a GET
      }),
    );
    this.#client.interceptors.error.use((error, response, request) => this.#explain(error, response, request));
  }

  static {
    for (const [name, operation] of Object.entries(operations)) {
      Object.defineProperty(Postern.prototype, name, {
        value: async function (this: Postern, options: Input<{ path?: Record<string, unknown> }> = {}) {
          checkPath(options.path);
          return (operation as Function)({ ...options, client: this.#client });
        },
        configurable: true,
        writable: true,
      });
    }
  }

  /** Sends a request in a session of the admin, which is opened first, and again should it have ended. */
  async #send(request: Request): Promise<Response> {
    if (!this.#credentials || /\/api\/log(in|out)$/.test(new URL(request.url).pathname)) return this.#exchange(request);
    const session = this.#logIn();
    await within(request.signal, session);
    const again = request.clone();
    const response = await this.#exchange(request);
    if (!(await asksToLogIn(response))) return response;
    if (this.#session === session) this.#session = undefined;
    await within(request.signal, this.#logIn());
    return this.#exchange(again);
  }

  /** A login that fails is not kept: the next request tries anew. */
  #logIn(): Promise<unknown> {
    this.#session ??= operations.login({ client: this.#client, body: this.#credentials! }).catch((error) => {
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  async #exchange(request: Request): Promise<Response> {
    if (this.#cookies.size > 0) {
      request.headers.set('Cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    }
    const response = await this.#fetch(request);
    for (const line of response.headers.getSetCookie?.() ?? []) this.#keep(line);
    if (request.url.endsWith('/api/logout')) this.#session = undefined;
    // The generated client takes these for an empty success.
    if (response.ok && (response.status === 204 || response.headers.get('Content-Length') === '0')) {
      throw this.#unexpected(response);
    }
    return response;
  }

  /** Does with a Set-Cookie line what a browser would, as far as one server needs it. */
  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    const attribute = (key: string) =>
      attributes.map((a) => a.trim()).find((a) => a.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const age = attribute('max-age');
    const expires = attribute('expires');
    const gone = age !== undefined ? Number(age) <= 0 : expires !== undefined && Date.parse(expires) <= Date.now();
    if (gone) this.#cookies.delete(name);
    else this.#cookies.set(name, pair.slice(at + 1).trim());
  }

  /** Makes a PosternError of whatever ended a request. Only the reason of an aborted signal stays as it is. */
  #explain(error: unknown, response: Response | undefined, request: Request | undefined): unknown {
    if (error instanceof PosternError || (request?.signal.aborted && error === request.signal.reason)) return error;
    if (!request) {
      const detail = 'The request cannot be written; path, query, body and headers take text, numbers and lists.';
      return new PosternError({ code: 'INVALID_REQUEST', detail, cause: error });
    }
    if (isFailure(error)) {
      return new PosternError({
        code: error._msg,
        detail: error._detail ?? `The server answered ${error._msg}.`,
        field: error._field ?? undefined,
        status: response?.status,
        requestId: error._request_id ?? response?.headers.get('X-Request-Id') ?? undefined,
        causes: error._causes,
        faults: error._errors?.map((f) => ({ code: f._msg, detail: f._detail, field: f._field ?? undefined })),
      });
    }
    // What cannot be read to its end is no answer; what was read and is not JSON is none of Postern's.
    if (response && !(error instanceof TypeError)) return this.#unexpected(response, error);
    return this.#unreachable(error);
  }

  #unreachable(cause: unknown): PosternError {
    const page = globalThis.location?.origin;
    const hint = page && page !== this.#baseUrl.origin ? `, that POSTERN_CORS_ORIGINS names ${page},` : '';
    const detail =
      `${this.#baseUrl.origin} cannot be reached, or the connection broke. Check that baseUrl is right${hint} and that ` +
      'the server runs. What was being written may be done: read it before you try again.';
    return new PosternError({ code: 'SERVER_UNREACHABLE', detail, cause });
  }

  #unexpected(response: Response, cause?: unknown): PosternError {
    const to = response.headers.get('Location');
    const what =
      response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
        ? `redirects${to ? ` to ${to}` : ''}. Set baseUrl to the address that is not redirected`
        : `answered with status ${response.status} and something else than a reply of Postern. ` +
          'Check that baseUrl is the address of Postern, and that a proxy in front of it passes /api on';
    return new PosternError({
      code: 'UNEXPECTED_REPLY',
      detail: `${this.#baseUrl.origin} ${what}.`,
      status: response.status || undefined, // a browser hides the status of a redirect
      requestId: response.headers.get('X-Request-Id') ?? undefined,
      cause: cause instanceof Error ? cause : undefined,
    });
  }
}

/** The messages leave out the address: it may hold a password. */
function baseUrlOf(text: string | undefined): URL {
  const wrong = (detail: string) => new PosternError({ code: 'INVALID_OPTION', detail, field: 'baseUrl' });
  const given = text ?? globalThis.location?.origin;
  if (!given) throw wrong('baseUrl is missing. Set it to the address of Postern, such as https://mail.example.com.');
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw wrong('baseUrl is not an address. Write it as in https://mail.example.com.');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw wrong('baseUrl has to start with http:// or https://.');
  if (url.username || url.password) throw wrong('baseUrl takes no password. Give username and password as options.');
  if (url.search || url.hash) throw wrong('baseUrl takes neither a query nor a fragment.');
  return url;
}

function credentialsOf({ username, password }: PosternOptions): { username: string; password: string } | undefined {
  if (username === undefined && password === undefined) return undefined;
  if (username && password) return { username, password };
  const field = username ? 'password' : 'username';
  const detail = `${field} is missing or empty. Give both username and password, or neither.`;
  throw new PosternError({ code: 'INVALID_OPTION', detail, field });
}

/** A dot or nothing would make another path of it, and so another operation. */
function checkPath(path: Record<string, unknown> = {}): void {
  for (const [field, value] of Object.entries(path)) {
    if (value !== undefined && value !== null && !/^\.{0,2}$/.test(String(value))) continue;
    throw new PosternError({ code: 'INVALID_REQUEST', detail: `${field} is missing or not a name.`, field });
  }
}

function isFailure(reply: unknown): reply is Failure {
  return typeof (reply as Failure | null)?._msg === 'string';
}

/** A status of 200 is not yet a success: the legacy surface answers so for failures too. */
function succeeded(reply: unknown): unknown {
  if ((reply as { _success?: unknown } | null)?._success !== true) throw reply;
  return reply;
}

async function asksToLogIn(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  const reply: unknown = await response.clone().json().catch(() => undefined);
  return isFailure(reply) && reply._msg === 'LOGIN_REQUIRED';
}

/** Waits for work, no longer than until the signal. The work goes on: others may wait for it too. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
