// What the tests in a page find there under the name of `client`.

import { Postern, PosternError } from '../dist/index.js';
import { story } from './story.js';

const client = { Postern, PosternError, story };

declare global {
  var client: typeof import('./page.js').default;
}

globalThis.client = client;
export default client;
