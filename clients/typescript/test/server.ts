// Starts the built server on a free port, with a data directory of its own, for all tests.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

export interface Server {
  url: string;
  username: string;
  password: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Its url is empty where there is none. */
    server: Server;
  }
}

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** In the repository the server has to be there. Alone, the package is tested as far as that goes without one. */
function program(): string | null {
  const named = process.env.POSTERN_BINARY ?? join(repository, 'bin', 'postern');
  if (existsSync(named)) return named;
  if (process.env.POSTERN_BINARY || existsSync(join(repository, 'openapi.yaml'))) {
    throw new Error(`There is no server at ${named}. Run make build first.`);
  }
  console.warn('No server: POSTERN_BINARY does not name one. The tests that need it are skipped.');
  return null;
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  const binary = program();
  if (!binary) return project.provide('server', { url: '', username: '', password: '' });
  const dir = mkdtempSync(join(tmpdir(), 'postern-client-'));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('POSTERN_')));
  const server = spawn(binary, ['serve', '--backend', 'sqlite', '--listen', '127.0.0.1:0', '--data-dir', join(dir, 'data')], {
    cwd: dir,
    env: { ...env, POSTERN_MLMMJ_SPOOL: join(dir, 'mlmmj') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await address(server);
  const [username = '', password = ''] = readFileSync(join(dir, 'data', 'initial-admin'), 'utf8').split('\n');
  project.provide('server', { url, username, password });
  return async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    const code = await ended;
    rmSync(dir, { recursive: true, force: true });
    if (code !== 0) throw new Error(`The server ended with ${code}.`);
  };
}

/** The server prints its address once it listens. */
function address(server: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`The server ended with ${code} while starting:\n${output}`)));
    server.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()));
    server.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const found = /(http:\/\/\S+)\/docs\//.exec(output);
      if (found) resolve(found[1]!);
    });
  });
}
