// What `npm run generate` makes src/gen from, and how. The specification has JSON bodies alone.
import { defineConfig } from '@hey-api/openapi-ts';

export default defineConfig({
  input: '../../gen/openapi.ui.json',
  // nodenext asks for the extension in an import.
  output: { path: 'src/gen', importFileExtension: '.js' },
  plugins: [
    '@hey-api/typescript',
    { name: '@hey-api/client-fetch', throwOnError: true, baseUrl: false },
    { name: '@hey-api/sdk', responseStyle: 'data' },
  ],
});
