import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../root.mjs';

/** One export of the built program. What is missing is named, not left out of a document. */
export async function fromDist(file, name) {
  const path = join(root, 'dist', file);
  let module;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new Error(`dist/${file} cannot be loaded: ${error.message}`, { cause: error });
  }
  if (module[name] === undefined) throw new Error(`dist/${file} exports no ${name}.`);
  return module[name];
}
