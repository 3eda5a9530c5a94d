import { describe, expect, expectTypeOf, inject, test } from 'vitest';
import { Postern, type DomainReply, type DomainUpdate, type ErrorCode, type Failure, type UpdateDomainErrors } from '../dist/index.js';
import * as operations from '../dist/gen/sdk.gen.js';

const server = inject('server');

describe.skipIf(!server.url)('the specification that the server serves', () => {
  test('has a function and a method for each operation, and there are no others', async () => {
    const spec = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { operationId?: string }>>;
    };
    const wanted = Object.values(spec.paths)
      .flatMap((path) => Object.values(path))
      .flatMap((operation) => operation.operationId ?? [])
      .sort();
    expect(wanted.length).toBeGreaterThan(60);
    const functions = Object.entries(operations).filter(([, value]) => typeof value === 'function');
    expect(functions.map(([name]) => name).sort()).toEqual(wanted);
    const postern = new Postern({ baseUrl: server.url }) as unknown as Record<string, unknown>;
    const methods = Object.getOwnPropertyNames(Postern.prototype).filter((name) => name !== 'constructor');
    expect(methods.sort()).toEqual(wanted);
    expect(methods.filter((name) => typeof postern[name] !== 'function')).toEqual([]);
  });
});

test('the types of a method are those of its operation', () => {
  type Update = Parameters<Postern['updateDomain']>[0];
  expectTypeOf<Update['path']>().toEqualTypeOf<{ domain: string }>();
  expectTypeOf<Update['body']>().toExtend<DomainUpdate | undefined>();
  expectTypeOf<Awaited<ReturnType<Postern['getDomain']>>>().toEqualTypeOf<DomainReply>();
  expectTypeOf<Parameters<Postern['getDomain']>>().toExtend<[object]>();
  expectTypeOf<[]>().toExtend<Parameters<Postern['whoami']>>();
  // @ts-expect-error: the generated client's own switches are not passed on.
  expectTypeOf<Update['throwOnError']>();
});

test('every operation fails in one form, with a code that programs may not know yet', () => {
  expectTypeOf<UpdateDomainErrors>().toEqualTypeOf<{ default: Failure }>();
  expectTypeOf<Failure['_msg']>().toEqualTypeOf<ErrorCode>();
  expectTypeOf<ErrorCode>().toEqualTypeOf<string>();
});
