import { fromDist } from './from-dist.mjs';

/** docs/openapi.json, the same document that the server gives out. */
export async function openApiDocuments() {
  const openApiDocument = await fromDist('rest/openapi.js', 'openApiDocument');
  const catalog = await fromDist('tools/catalog/index.js', 'catalog');
  const { version } = await fromDist('mcp/server-info.js', 'serverInfo');
  return { 'docs/openapi.json': `${JSON.stringify(openApiDocument(catalog, { version }), null, 2)}\n` };
}
