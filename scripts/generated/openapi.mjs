import { fromDist } from './from-dist.mjs';

/** docs/openapi.json, the same document that the server gives out. */
export async function openApiDocuments() {
  const document = await fromDist('rest/openapi.js', 'openApiDocument');
  return {
    'docs/openapi.json': `${JSON.stringify(typeof document === 'function' ? document() : document, null, 2)}\n`,
  };
}
