import { GrpcError } from './grpc-error.js';
import { isObject } from './spec-shape.js';

/** RFC 7396. Throws as Argo CD does for a text that is no JSON. */
export function applyMergePatch(target: unknown, text: string): unknown {
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch {
    throw new GrpcError(2, 'error calculating merge patch: Invalid JSON Patch');
  }
  return merge(target, patch);
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else
      Object.defineProperty(merged, key, {
        value: merge(merged[key], value),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return merged;
}

interface PatchStep {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** RFC 6902. */
export function applyJsonPatch(target: unknown, text: string): unknown {
  let steps: unknown;
  try {
    steps = JSON.parse(text);
  } catch {
    throw new GrpcError(2, 'error decoding json patch: invalid JSON');
  }
  if (!Array.isArray(steps))
    throw new GrpcError(
      2,
      'error decoding json patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    );
  const document: unknown = structuredClone(target);
  for (const step of steps as PatchStep[]) applyStep(document, step);
  return document;
}

function applyStep(document: unknown, step: PatchStep): void {
  const missing = (path: string): GrpcError =>
    new GrpcError(
      2,
      `error applying patch: ${step.op} operation does not apply: doc is missing path: "${path}": missing value`,
    );
  const locate = (path: string): { parent: Record<string, unknown> | unknown[]; key: string } => {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
    const key = keys.pop() ?? '';
    let parent: unknown = document;
    for (const part of keys)
      parent = isObject(parent)
        ? Object.hasOwn(parent, part)
          ? parent[part]
          : undefined
        : Array.isArray(parent)
          ? parent[Number(part)]
          : undefined;
    if (!isObject(parent) && !Array.isArray(parent)) throw missing(path);
    return { parent, key };
  };
  const read = (path: string): unknown => {
    const { parent, key } = locate(path);
    return Array.isArray(parent) ? parent[Number(key)] : Object.hasOwn(parent, key) ? parent[key] : undefined;
  };
  const write = (path: string, value: unknown, isInsert: boolean): void => {
    const { parent, key } = locate(path);
    if (!Array.isArray(parent))
      Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
    else if (key === '-') parent.push(value);
    else parent.splice(Number(key), isInsert ? 0 : 1, value);
  };
  const remove = (path: string): void => {
    const { parent, key } = locate(path);
    if (read(path) === undefined) throw missing(path);
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  };
  if (step.op === 'add') write(step.path, step.value, true);
  else if (step.op === 'replace') {
    if (read(step.path) === undefined) throw missing(step.path);
    write(step.path, step.value, false);
  } else if (step.op === 'remove') remove(step.path);
  else if (step.op === 'copy' || step.op === 'move') {
    const value = structuredClone(read(step.from ?? ''));
    if (step.op === 'move') remove(step.from ?? '');
    write(step.path, value, true);
  } else if (step.op === 'test') {
    if (JSON.stringify(read(step.path)) !== JSON.stringify(step.value))
      throw new GrpcError(2, `error applying patch: testing value ${step.path} failed: test failed`);
  } else throw new GrpcError(2, `error applying patch: Unexpected kind: ${step.op}`);
}
