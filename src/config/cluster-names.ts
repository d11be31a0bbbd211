const lengthMax = 63;

/**
 * A valid, unique cluster name for each address: its host, with the port where several share the host, with a number
 * where that is not enough. The same addresses in the same order always get the same names.
 */
export function clusterNames(urls: readonly string[]): string[] {
  const hosts = urls.map((url) => new URL(url).hostname);
  const taken = new Set<string>();
  return urls.map((url, index) => {
    const host = hosts[index] as string;
    const { port, protocol } = new URL(url);
    const isShared = hosts.filter((other) => other === host).length > 1;
    const base = plainName(isShared ? `${host}-${port || (protocol === 'https:' ? '443' : '80')}` : host);
    let name = base;
    for (let number = 2; taken.has(name); number++) {
      const ending = `-${number}`;
      name = plainName(base.slice(0, lengthMax - ending.length)) + ending;
    }
    taken.add(name);
    return name;
  });
}

function plainName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .slice(0, lengthMax)
    .replace(/^[-.]+|[-.]+$/g, '');
  return plain === '' ? 'cluster' : plain;
}
