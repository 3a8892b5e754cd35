import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (folder: string) => fileURLToPath(new URL(`src/${folder}/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    // Examples name the package as its users do; tests run them on the source.
    alias: {
      'osquery-remote/extension': source('extension'),
      'osquery-remote/server': source('server'),
      'osquery-remote/testing': source('testing'),
      'osquery-remote': source('plugins'),
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
