import { fromDist } from './from-dist.mjs';

/** docs/openapi.json, the same document that the server gives out. */
export async function openApiDocuments() {
  const openApiDocument = await fromDist('rest/openapi.js', 'openApiDocument');
  const eventPaths = await fromDist('rest/openapi-events.js', 'eventPaths');
  const catalog = await fromDist('tools/catalog/index.js', 'catalog');
  const { version } = await fromDist('mcp/server-info.js', 'serverInfo');
  const document = openApiDocument(catalog, { version, paths: eventPaths() });
  return { 'docs/openapi.json': `${JSON.stringify(document, null, 2)}\n` };
}
