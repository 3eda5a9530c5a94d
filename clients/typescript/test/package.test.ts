import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

const server = inject('server');
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  name: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

const run = (dir: string, program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Runs a program and returns what it printed, also when it failed. */
function output(dir: string, program: string, ...args: string[]): string {
  try {
    return run(dir, program, ...args);
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}

describe('the tarball', () => {
  let dir: string;
  let files: string[];

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'postern-consumer-'));
    const [packed] = JSON.parse(run('.', 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', dir)) as [
      { filename: string; files: { path: string }[] },
    ];
    files = packed.files.map((file) => file.path);
    // An empty project, and nothing is fetched: there are no dependencies.
    writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }\n');
    run(dir, 'npm', 'install', '--offline', '--no-audit', '--no-fund', join(dir, packed.filename));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('holds dist, README, LICENSE, package.json and nothing else', () => {
    const others = files.filter((file) => !file.startsWith('dist/'));
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(files).toContain('dist/index.js');
    expect(files).toContain('dist/index.d.ts');
    expect(files.filter((file) => !/^[^/]+$|\.js$|\.d\.ts$/.test(file))).toEqual([]);
    expect(readFileSync(join(dir, 'node_modules', manifest.name, 'LICENSE'), 'utf8')).toContain('Apache License');
  });

  describe('installed in an empty project', () => {
    const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

    /** Compiles main.ts and returns what the compiler said. */
    function compile(options: object = {}): string {
      const compilerOptions = { strict: true, module: 'nodenext', target: 'es2022', types: [], ...options };
      writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
      return output(dir, process.execPath, compiler);
    }

    const program = `
      import { Postern, PosternError, type DomainReply } from '${manifest.name}';
      declare const process: { argv: string[] };

      const [baseUrl, username, password] = process.argv.slice(2) as [string, string, string];
      const postern = new Postern({ baseUrl, username, password });
      try {
        const { _data } = await postern.whoami();
        console.log(_data.username);
        const reply: DomainReply = await postern.getDomain({ path: { domain: 'nowhere.test' } });
        console.log(reply._data);
        // @ts-expect-error: the parameter is domain.
        await postern.getDomain({ path: { domian: 'nowhere.test' } });
      } catch (error) {
        if (!(error instanceof PosternError)) throw error;
        console.log(error.code, error.status);
      }
    `;

    test('it type-checks and runs', () => {
      writeFileSync(join(dir, 'main.ts'), program);
      expect(compile()).toBe('');
      const nobody = ['http://127.0.0.1:1', 'admin@example.com', 'x'];
      expect(run(dir, process.execPath, 'main.js', ...nobody)).toBe('SERVER_UNREACHABLE undefined\n');
      const { url, username, password } = server;
      if (!url) return;
      expect(run(dir, process.execPath, 'main.js', url, username, password)).toBe(`${username}\nNO_SUCH_DOMAIN 404\n`);
    });

    test('it type-checks with a bundler and with more rules', () => {
      writeFileSync(join(dir, 'main.ts'), program);
      const bundler = { module: 'esnext', moduleResolution: 'bundler', noEmit: true };
      expect(compile({ ...bundler, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true })).toBe('');
    });

    test('it can be required', () => {
      writeFileSync(join(dir, 'main.cjs'), `console.log(typeof require('${manifest.name}').Postern)`);
      expect(run(dir, process.execPath, '--no-warnings', 'main.cjs')).toBe('function\n');
    });
  });
});

test('nothing is needed to run it, and what builds it is pinned', () => {
  expect(manifest.dependencies).toEqual({});
  for (const version of Object.values(manifest.devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test('the lock file says what, not where from', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { resolved?: string; integrity?: string }>;
  };
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  expect(installed.filter(([, { integrity }]) => !integrity)).toEqual([]);
});

test('the whole client is small', async () => {
  const bundle = await build({ entryPoints: ['dist/index.js'], bundle: true, minify: true, format: 'esm', write: false });
  const code = bundle.outputFiles[0]!.contents;
  const packed = gzipSync(code, { level: 9 }).length;
  console.log(`The whole client is ${code.length} bytes minified, ${packed} with gzip.`);
  expect(packed).toBeLessThan(9000);
});
