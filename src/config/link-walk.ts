import { lstat, readlink } from 'node:fs/promises';
import { join, parse, resolve, sep } from 'node:path';

/** As many links as a system follows itself. */
const linksMax = 40;

/** A name in a folder: when it is made, replaced or goes, a path through it leads elsewhere. */
export interface Step {
  folder: string;
  name: string;
}

/**
 * Every symbolic link that a path goes through, and the file at its end; where a part is missing, that part. So the
 * `..data` that Kubernetes swaps is among them, and a folder of which a link is only replaced as a whole.
 */
export async function stepsOf(path: string): Promise<Step[]> {
  const steps: Step[] = [];
  let links = 0;
  let { root: folder } = parse(resolve(path));
  let rest = partsOf(resolve(path));
  while (rest.length > 0) {
    const [name = '', ...after] = rest;
    const here = join(folder, name);
    const stats = await lstat(here).catch(() => undefined);
    if (stats?.isSymbolicLink() && links < linksMax) {
      links++;
      steps.push({ folder, name });
      const target = resolve(folder, await readlink(here).catch(() => name));
      ({ root: folder } = parse(target));
      rest = [...partsOf(target), ...after];
    } else if (stats === undefined || after.length === 0) {
      return [...steps, { folder, name }];
    } else {
      folder = here;
      rest = after;
    }
  }
  return steps;
}

const partsOf = (path: string): string[] => path.slice(parse(path).root.length).split(sep).filter(Boolean);
