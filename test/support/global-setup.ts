import type { TestProject } from 'vitest/node';
import { startTestServer, stopTestServer, type TestServer } from './test-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    testServer: TestServer;
  }
}

/** One cluster for the whole run; the function given back ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  project.provide('testServer', server);
  return () => stopTestServer(server);
}
